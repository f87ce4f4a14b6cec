import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AppendedFrame, isObject, type Json } from "../../../protocol/mod.ts";
import type { AgentClient, AgentCommand, ApiClient, ProducerEntry } from "../../sdk/mod.ts";

/** How the one batch was answered that says who runs a command. */
export type Claim =
  /** It was stored now: this runner runs it. */
  | "mine"
  /** There was one already: another runner's, or this one's, of which the answer was lost. */
  | "there"
  /** The channel takes nothing. */
  | "refused";

/**
 * A command may come to several runners: at least once is what is promised of it. So nobody begins before the
 * gateway has stored that it does: one batch, with a producer and a number that every runner would give it, and of
 * the same number the gateway stores the first.
 */
export async function claim(
  client: AgentClient,
  { channel, cursor }: AgentCommand,
  entry: ProducerEntry,
  untilMs: number,
): Promise<Claim> {
  let answer: AppendedFrame | null = null;
  const producer = client.producer(channel, {
    ...{ id: claimId(channel, cursor), epoch: 1, lingerMs: 0 },
    onAppended: (frame) => {
      answer ??= frame;
    },
  });
  producer.append(entry);
  const isStored = await producer.flush(untilMs);
  producer.close();
  return isStored ? verdictOf(answer) : "refused";
}

function verdictOf(answer: AppendedFrame | null): Claim {
  return answer === null || answer.duplicate ? "there" : "mine";
}

/** A producer's id is shorter than some channel's name. */
function claimId(channel: string, cursor: number): string {
  return `run-${createHash("sha256").update(`${channel}#${cursor}`).digest("base64url")}`;
}

/** How often, and how long apart in milliseconds, it is asked who holds a command. */
const maxAsks = 30;
const askAgainMs = 2_000;

/** Who answered the command last, as whoever runs it does at once; null: nobody did. */
export async function holderOf(
  api: ApiClient,
  { channel, id, from }: AgentCommand,
  signal: AbortSignal,
): Promise<string | null> {
  for (let asks = 0; asks < maxAsks && !signal.aborted; asks++) {
    const record = await api.readCommand(channel, id, { subject: from }, signal);
    if (record.ok) return runnerIn(record.value.data);
    await sleep(askAgainMs, null, { signal }).catch(() => {});
  }
  return "nobody can say";
}

/** Whether the gateway has the last answer to a command, or will never take one. */
export async function hasFinalAnswer(api: ApiClient, { channel, id, from }: AgentCommand): Promise<boolean> {
  const record = await api.readCommand(channel, id, { subject: from });
  return record.ok ? record.value.final === true : record.problem.code === "command_not_found";
}

function runnerIn(data: Json | undefined): string | null {
  const runner = isObject(data) ? data["runner"] : undefined;
  return typeof runner === "string" ? runner : null;
}
