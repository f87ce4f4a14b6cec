import type { AuditEvent } from "../../protocol/mod.ts";
import { AuditRecorder, endOf } from "../core/audit_event.ts";
import type { Channel } from "../core/channel.ts";
import { isDue } from "../core/due.ts";
import { Unsent } from "../core/unsent.ts";
import { directoryObject, type Env } from "./env.ts";

/** For so long events are gathered before they are sent, in milliseconds: a thousand sockets that close are one call. */
const gatherMs = 1_000;

/** How soon events that could not be sent are sent again, in milliseconds. */
const retryMs = 10_000;

/** Where events wait in storage that could not be sent: one row of as many as one call takes, well below 2 MB. */
const storageKey = "unsent audit events";

/** With the channel's name, which an object that nothing was appended to knows from nowhere else. */
interface Stored {
  readonly tenant: string;
  readonly channel: string;
  readonly events: readonly AuditEvent[];
  /** How many waited beside these: they are lost where the object sleeps before it has sent them. */
  readonly more: number;
}

export function storedAudit(ctx: DurableObjectState): Stored | null {
  return ctx.storage.kv.get<Stored>(storageKey) ?? null;
}

/**
 * Tells the directory what became of a channel's own sockets. Nothing is written for it, and no timer runs, but in
 * the second after a socket ended; what cannot be sent then is stored, and goes with the channel's alarm.
 */
export class AuditReporter {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #channel: Channel;
  readonly #wakeAt: (due: number) => void;
  readonly #recorder = new AuditRecorder(crypto.randomUUID().slice(0, 8));
  readonly #unsent = new Unsent<AuditEvent>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #retryAt: number | null = null;
  #isStored: boolean;

  constructor(ctx: DurableObjectState, env: Env, channel: Channel, wakeAt: (due: number) => void) {
    this.#ctx = ctx;
    this.#env = env;
    this.#channel = channel;
    this.#wakeAt = wakeAt;
    const stored = storedAudit(ctx);
    this.#isStored = stored !== null;
    if (stored === null) return;
    this.#unsent.putBack(stored.events);
    tellLost(stored.more);
    this.#retry(Date.now());
  }

  /** A subject's socket is gone, by this close code. */
  left(subject: string, code: number, now: number): void {
    this.#unsent.add(this.#recorder.event({ subject }, endOf(this.#channel.head.channel, code), now));
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#retryAt === null) this.#ctx.waitUntil(this.#send());
      else this.#store();
    }, gatherMs);
  }

  async alarm(now: number): Promise<void> {
    if (this.#retryAt === null) return;
    if (isDue(this.#retryAt, now)) await this.#send();
    else this.#wakeAt(this.#retryAt);
  }

  async #send(): Promise<void> {
    this.#retryAt = null;
    while (this.#unsent.count > 0) {
      const events = this.#unsent.take();
      try {
        await directoryObject(this.#env, this.#channel.tenant).record(events);
      } catch (error) {
        this.#unsent.putBack(events);
        console.error(JSON.stringify({ event: "audit_unsent", events: this.#unsent.count }), error);
        this.#store();
        this.#retry(Date.now() + retryMs);
        return;
      }
    }
    if (this.#isStored) this.#ctx.storage.kv.delete(storageKey);
    this.#isStored = false;
  }

  /** The object may sleep before it can send them: then what is stored is left. */
  #store(): void {
    tellLost(this.#unsent.takeDropped());
    const { tenant, head } = this.#channel;
    const events = this.#unsent.newest();
    const more = this.#unsent.count - events.length;
    const stored: Stored = { tenant, channel: head.channel, events, more };
    this.#ctx.storage.kv.put(storageKey, stored);
    this.#isStored = true;
  }

  #retry(at: number): void {
    this.#retryAt = at;
    this.#wakeAt(at);
  }
}

function tellLost(events: number): void {
  if (events > 0) console.error(JSON.stringify({ event: "audit_lost", events }));
}
