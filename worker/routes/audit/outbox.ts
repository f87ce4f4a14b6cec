import type { AuditEvent } from "../../../protocol/mod.ts";
import { type Audited, AuditRecorder, type AuditSource } from "../../core/audit_event.ts";
import { Unsent } from "../../core/unsent.ts";
import { directoryObject, type Env } from "../../objects/env.ts";

/** For so long events are gathered before they are sent, in milliseconds: a thousand sockets are a few calls. */
const gatherMs = 100;

interface Waiting {
  readonly tenant: string;
  readonly event: AuditEvent;
}

/** Where a request's events go, and what keeps the request alive until they are there. */
export interface AuditWay {
  readonly env: Env;
  readonly tenant: string;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** The events of all requests of this isolate. What it cannot send it tells in the log; it never throws. */
class AuditOutbox {
  readonly #recorder = new AuditRecorder(crypto.randomUUID().slice(0, 8));
  readonly #unsent = new Unsent<Waiting>();
  #gatherEndsAt = 0;

  add({ env, tenant, waitUntil }: AuditWay, source: AuditSource, what: Audited): void {
    const now = Date.now();
    this.#unsent.add({ tenant, event: this.#recorder.event(source, what, now) });
    // Whoever comes after the end gathers anew: a request that ended before it sent leaves its events to the next.
    if (now < this.#gatherEndsAt) return;
    this.#gatherEndsAt = now + gatherMs;
    const sent = this.#gather(env);
    try {
      waitUntil(sent);
    } catch (error) {
      console.error("Nothing keeps a request alive until its audit events are sent", error);
    }
  }

  async #gather(env: Env): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherMs));
    const dropped = this.#unsent.takeDropped();
    if (dropped > 0) tellLost(dropped, "too many events at once");
    while (this.#unsent.count > 0) await sendAll(env, this.#unsent.take());
  }
}

async function sendAll(env: Env, waiting: readonly Waiting[]): Promise<void> {
  const tenants = Map.groupBy(waiting, ({ tenant }) => tenant);
  await Promise.all(
    [...tenants].map(async ([tenant, of]) => {
      try {
        await directoryObject(env, tenant).record(of.map(({ event }) => event));
      } catch (error) {
        tellLost(of.length, error);
      }
    }),
  );
}

function tellLost(events: number, reason: unknown): void {
  console.error(JSON.stringify({ event: "audit_lost", events }), reason);
}

let outbox: AuditOutbox | null = null;

/** Records what happened, soon; whoever asks waits for nothing and never fails by it. */
export function record(way: AuditWay, source: AuditSource, what: Audited): void {
  // Made by the first request: chance is not to be had before.
  outbox ??= new AuditOutbox();
  outbox.add(way, source, what);
}
