import { describe, expect, it } from "vitest";
import type { ClientProblem } from "../../client/sdk/mod.ts";
import type { Batch } from "../../client/sdk/producer_queue.ts";
import { type NumberedBatch, SocketBatches } from "../../client/sdk/socket_batches.ts";
import { seededRandom } from "./sdk_random.ts";

const batchOf = (name: string): Batch => ({ ndjson: name, bytes: 10, entries: 1 });

function problem(code: ClientProblem["code"], expected?: number): ClientProblem {
  return { code, message: "Refused.", ...(expected !== undefined && { expected }) };
}

/** A gateway's rules for one producer, with faults: it answers in the order of the frames. */
class Gateway {
  readonly stored: string[] = [];
  #epoch = -1;
  #next = 0;

  /** Null: stored, or stored before. */
  take({ epoch, seq, batch }: NumberedBatch, isFailing: boolean): ClientProblem | null {
    if (this.#epoch < 0 && seq > 0) return problem("producer_unknown", 0);
    const next = epoch > this.#epoch ? 0 : this.#next;
    if (epoch < this.#epoch) return problem("producer_fenced", this.#epoch);
    if (batch.ndjson.startsWith("bad")) return problem("invalid_field");
    if (seq > next) return problem("sequence_hole", next);
    if (epoch === this.#epoch && seq < next) return null;
    if (isFailing) return problem("storage_failed");
    this.#epoch = epoch;
    this.#next = seq + 1;
    this.stored.push(batch.ndjson);
    return null;
  }

  forget(): void {
    this.#epoch = -1;
    this.#next = 0;
  }
}

describe("the unacknowledged batches of a socket", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "[SPR1] are stored once and in order, whatever fails (seed %i)",
    (seed) => {
      const random = seededRandom(seed);
      const gateway = new Gateway();
      const batches = new SocketBatches(7);
      const wanted: string[] = [];
      let refused = 0;
      let wire: NumberedBatch[] = [];
      let answers: (ClientProblem | null)[] = [];
      for (let step = 0, made = 0; step < 40_000 && (made < 1_000 || !batches.isEmpty); step++) {
        const dice = random();
        if (dice < 0.1 && made < 1_000) {
          const name = random() < 0.05 ? `bad ${made}` : `${made}`;
          made += 1;
          if (!name.startsWith("bad")) wanted.push(name);
          batches.add(batchOf(name));
        } else if (dice < 0.4) {
          const next = batches.next();
          if (next !== null) wire.push(next);
        } else if (dice < 0.7) {
          const frame = wire.shift();
          if (frame !== undefined) answers.push(gateway.take(frame, random() < 0.1));
        } else if (dice < 0.99) {
          const answer = answers.shift();
          if (answer === null) batches.appended();
          else if (answer !== undefined && batches.refused(answer) === "refused") refused += 1;
        } else {
          // Cut: some frames still arrive, no answer does.
          for (const frame of wire.slice(0, Math.floor(random() * wire.length))) gateway.take(frame, false);
          wire = [];
          answers = [];
          batches.reopened();
        }
      }
      expect(batches.isEmpty).toBe(true);
      expect(gateway.stored).toEqual(wanted);
      expect(refused).toBe(1_000 - wanted.length);
      expect([batches.bytes, batches.entries]).toEqual([0, 0]);
    },
  );

  it("[SPR2] go on in a new epoch where the gateway has forgotten them, all that is unacknowledged once", () => {
    const gateway = new Gateway();
    const batches = new SocketBatches(7);
    for (const name of ["a", "b", "c"]) batches.add(batchOf(name));
    const first = batches.next();
    if (first === null) throw new Error("Nothing to send");
    expect(gateway.take(first, false)).toBeNull();
    batches.appended();
    gateway.forget();
    const asked = [batches.next(), batches.next()];
    for (const [i, frame] of asked.entries()) {
      if (frame === null) throw new Error("Nothing to send");
      const refusal = gateway.take(frame, false);
      expect(refusal?.code).toBe("producer_unknown");
      // Nothing is sent before the answers to the old numbers have come.
      expect(batches.next()).toBeNull();
      if (refusal !== null) expect(batches.refused(refusal)).toBe(i === 0 ? "rebegin" : "stale");
    }
    expect([batches.next(), batches.next(), batches.next()]).toMatchObject([
      { epoch: 8, seq: 0, batch: { ndjson: "b" } },
      { epoch: 8, seq: 1, batch: { ndjson: "c" } },
      null,
    ]);
  });

  it.each([
    ["storage_failed", "again"],
    ["too_fast", "again"],
    ["a_later_code", "again"],
    ["invalid_field", "refused"],
    ["channel_ended", "stop"],
    ["producer_fenced", "stop"],
    ["forbidden", "stop"],
  ])("[SPR3] a refusal as %s means %s", (code, meaning) => {
    const batches = new SocketBatches(0);
    batches.add(batchOf("a"));
    batches.next();
    expect(batches.refused(problem(code))).toBe(meaning);
  });
});
