import {
  type About,
  type AppendedFrame,
  errorFrameOf,
  limits,
  ok,
  parseChannelName,
  type Result,
  type UncheckedAppend,
  type Untrusted,
} from "../../../protocol/mod.ts";
import { makeBatch } from "../../core/batch.ts";
import type { AppendReceipt, AppendRequest } from "../../core/contract.ts";
import { decodeEntries } from "../../core/entry_body.ts";

/** A batch that has no number: it is new, always. */
export type Unnumbered = Pick<UncheckedAppend, "channel" | "entries">;

/** Reads the batch of an `append` frame; `firstProject` is what a first append gives its channel. */
export function appendRequestOf(
  frame: UncheckedAppend | Unnumbered,
  tenant: string,
  firstProject?: string,
): Result<AppendRequest> {
  const { channel, entries } = frame;
  const decoded = decodeEntries(entries, { ts: Date.now(), level: "info" });
  if (!decoded.ok) return decoded;
  const batch = makeBatch(decoded.value);
  if (!batch.ok) return batch;
  return ok({
    tenant,
    channel,
    ...("producer" in frame && { producer: { id: frame.producer, epoch: frame.epoch, seq: frame.seq } }),
    batch: batch.value,
    ...(firstProject !== undefined && { project: firstProject }),
  });
}

/** The answer to an `append` frame. */
export function outcomeText(frame: UncheckedAppend, outcome: Result<AppendReceipt>): string {
  return JSON.stringify(
    outcome.ok ? appendedFrame(frame, outcome.value) : errorFrameOf(outcome.problem, frame),
  );
}

function appendedFrame(frame: UncheckedAppend, receipt: AppendReceipt): AppendedFrame {
  const { channel, producer, epoch, seq } = frame;
  const { first, last, duplicate } = receipt;
  return {
    type: "appended",
    channel,
    producer,
    epoch,
    seq,
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
    duplicate,
  };
}

/** As much as a refused frame says of itself, where that is right. */
export function aboutOf({ channel, producer, seq }: Untrusted): About {
  return {
    ...(typeof channel === "string" && parseChannelName(channel).ok && { channel }),
    ...(typeof producer === "string" && producer.length <= limits.producerIdChars && { producer }),
    ...(typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0 && { seq }),
  };
}
