import {
  isNormalClose,
  type Problem,
  type ProblemCode,
  parseChannelName,
  problemTable,
} from "../../../protocol/mod.ts";
import { endOf, refusedCommand } from "../../core/audit_event.ts";
import type { Auditor } from "./auditor.ts";

/** What a session tells of its readings; `id` is what its client calls them by. */
export interface ReadingAudit {
  /** The channel's object took it. One that is told again changes nothing: its connection was made anew. */
  subscribed(id: string, channel: string): void;
  /** It was not taken, or its connection could not be made anew. */
  refused(id: string, channel: string, code: ProblemCode): void;
  /** It ended while its socket goes on: by its client's will, or with another close code. */
  ended(id: string, code: number): void;
}

/** The audit of a socket that ends in this Worker: each reading that began ends exactly once. */
export class SocketAudit implements ReadingAudit {
  readonly #audit: Auditor;
  /** The channel of a socket that has one, as a producer's. */
  readonly #channel: string | undefined;
  readonly #readings = new Map<string, string>();

  constructor(audit: Auditor, channel?: string) {
    this.#audit = audit;
    this.#channel = channel;
    audit({ action: "connect", ...(channel !== undefined && { channel }) });
  }

  subscribed(id: string, channel: string): void {
    if (this.#readings.has(id)) return;
    this.#readings.set(id, channel);
    this.#audit({ action: "subscribe", channel });
  }

  refused(id: string, channel: string, code: ProblemCode): void {
    if (this.#readings.has(id)) {
      this.ended(id, problemTable[code].close);
      return;
    }
    const isName = parseChannelName(channel).ok;
    this.#audit({ action: "subscribe_refused", code, ...(isName && { channel }) });
  }

  ended(id: string, code: number): void {
    const channel = this.#readings.get(id);
    if (channel === undefined) return;
    this.#readings.delete(id);
    this.#audit(endOf(channel, code));
  }

  /** A command of its client was refused. */
  commandRefused(channel: string, problem: Problem): void {
    const refused = parseChannelName(channel).ok ? refusedCommand(channel, problem) : null;
    if (refused !== null) this.#audit(refused);
  }

  /** The socket is gone, by a close code of either side. */
  closed(code: number): void {
    const hadReadings = this.#readings.size > 0;
    for (const id of [...this.#readings.keys()]) this.ended(id, code);
    if (!hadReadings && !isNormalClose(code)) this.#audit(endOf(this.#channel, code));
  }
}
