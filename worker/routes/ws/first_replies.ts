import type { ReplyFrame } from "../../../protocol/mod.ts";
import type { CommandRecord } from "../../core/contract.ts";

/** What a leg's `reply` frames begin with: nothing else of a leg is parsed for this. */
const replyStart = '{"type":"reply"';

/** First replies that are remembered, at most: the leg's own comes within moments. */
const maxEchoes = 64;

/**
 * Where a command stands comes to its socket by two ways: as the answer of the call that stored it, and by the leg,
 * if the socket reads the channel. This lets each reply through once, whichever comes first.
 */
export class FirstReplies {
  /** Commands that were sent and not replied to, by {@link keyOf}. */
  readonly #awaited = new Map<string, number>();
  /** Replies that were made of a call's answer and may come by a leg, too. */
  readonly #echoes = new Set<string>();

  sent(channel: string, id: string): void {
    const key = keyOf(channel, id);
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + 1);
  }

  /** Whether a frame of a leg goes to the client. */
  passes(text: string): boolean {
    if ((this.#awaited.size === 0 && this.#echoes.size === 0) || !text.startsWith(replyStart)) return true;
    const { channel, id, state } = JSON.parse(text) as ReplyFrame;
    if (this.#echoes.delete(echoOf(channel, id, state))) return false;
    this.#take(keyOf(channel, id));
    return true;
  }

  /** The call has answered: the reply for the client, unless a leg brought one; null also where it was refused. */
  settle(channel: string, id: string, record: CommandRecord | null): ReplyFrame | null {
    if (!this.#take(keyOf(channel, id)) || record === null) return null;
    this.#echoes.add(echoOf(channel, record.id, record.state));
    if (this.#echoes.size > maxEchoes) {
      for (const oldest of this.#echoes) {
        this.#echoes.delete(oldest);
        break;
      }
    }
    const { state, code, data, final } = record;
    return {
      type: "reply",
      channel,
      id: record.id,
      state,
      ...(code !== undefined && { code }),
      ...(data !== undefined && { data }),
      ...(final !== undefined && { final }),
    };
  }

  #take(key: string): boolean {
    const count = this.#awaited.get(key) ?? 0;
    if (count > 1) this.#awaited.set(key, count - 1);
    else this.#awaited.delete(key);
    return count > 0;
  }
}

function keyOf(channel: string, id: string): string {
  return `${channel} ${id.toWellFormed()}`;
}

function echoOf(channel: string, id: string, state: string): string {
  return `${state} ${keyOf(channel, id)}`;
}
