import { crc32Hex } from "../../../protocol/mod.ts";
import { formatNumber } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { ChannelEnd } from "../models/channel_facts.ts";
import type { LogModel } from "../models/log_model.ts";

/** What can be said of the whole text once the channel has ended (promise 5). */
export function EndProofLine({ model }: { readonly model: LogModel }) {
  const end = model.facts.end.value;
  if (end === null) return null;
  const { lines, bytes, crc32 } = end.frame;
  const number = (value: number): string => formatNumber(words.value, value);
  const isGood = end.proof.state === "verified";
  return (
    <p class={`proof proof-${end.proof.state}`} role="status">
      <b>
        <span aria-hidden="true">{isGood ? "✓" : "⚠"}</span> {verdictOf(end, model.facts.isRedacted.value)}
      </b>
      <span>{words.value.proofOf(number(lines), number(bytes), crc32)}</span>
      <Lack end={end} />
    </p>
  );
}

function verdictOf(end: ChannelEnd, isRedacted: boolean): string {
  const { mismatch, redactedEnd, unverified, verified } = words.value;
  if (end.proof.state === "verified") return verified;
  if (end.proof.state === "mismatch") return mismatch;
  return isRedacted ? redactedEnd : unverified;
}

function Lack({ end }: { readonly end: ChannelEnd }) {
  if (end.proof.state === "incomplete") {
    return <span class="hint">{words.value.lack(end.proof.code, end.proof.reason)}</span>;
  }
  if (end.proof.state !== "mismatch") return null;
  const { lines, bytes, crc } = end.proof.found;
  const number = (value: number): string => formatNumber(words.value, value);
  return <span class="hint">{words.value.mismatchOf(number(lines), number(bytes), crc32Hex(crc))}</span>;
}
