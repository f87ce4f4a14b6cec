import type { Channel } from "../core/channel.ts";
import { directoryEntryOf } from "../core/directory_entry.ts";
import { directoryObject, type Env } from "./env.ts";

/** The directory hears of lines at most this often, in milliseconds; of a change of status at once. */
const reportEveryMs = 60_000;

/** How soon a report that failed is sent again, in milliseconds. */
const retryMs = 10_000;

/** Tells the directory of a channel what it lists: at each change of status, and at most once a minute. */
export class DirectoryReporter {
  readonly #env: Env;
  readonly #channel: Channel;
  readonly #wakeAt: (due: number) => void;
  #reportedAt = 0;
  #isDirty = true;

  constructor(env: Env, channel: Channel, wakeAt: (due: number) => void) {
    this.#env = env;
    this.#channel = channel;
    this.#wakeAt = wakeAt;
  }

  /** Reports now, or asks for the alarm; resolves when a report has been taken, or its retry is due. */
  changed(what: "status" | "lines", now: number): Promise<void> | null {
    this.#isDirty = true;
    if (what === "status" || now - this.#reportedAt >= reportEveryMs) return this.#report(now);
    this.#wakeAt(this.#reportedAt + reportEveryMs);
    return null;
  }

  /** After a wake nobody knows what was reported: it is, once more. */
  async alarm(now: number): Promise<void> {
    if (!this.#isDirty) return;
    if (now - this.#reportedAt >= reportEveryMs) await this.#report(now);
    else this.#wakeAt(this.#reportedAt + reportEveryMs);
  }

  async #report(now: number): Promise<void> {
    this.#reportedAt = now;
    this.#isDirty = false;
    const { summary, tenant, commandedAt } = this.#channel;
    const directory = directoryObject(this.#env, tenant);
    const entry = directoryEntryOf(summary, commandedAt);
    try {
      await (entry === null ? directory.remove(summary.channel) : directory.put(entry));
    } catch {
      this.#isDirty = true;
      this.#wakeAt(now + retryMs);
    }
  }
}
