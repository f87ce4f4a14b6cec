import { afterEach, describe, expect, it } from "vitest";
import { ApiClient, type ClientProblem, Producer, type ProducerOptions } from "../../client/sdk/mod.ts";
import { ProducerQueue } from "../../client/sdk/producer_queue.ts";
import { AppendGateway, type Fate } from "./append_gateway.ts";
import { seededRandom } from "./sdk_random.ts";

const gateways: AppendGateway[] = [];
const producers: Producer[] = [];

afterEach(async () => {
  for (const producer of producers.splice(0)) producer.close();
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

async function startGateway(): Promise<AppendGateway> {
  const gateway = await AppendGateway.start();
  gateways.push(gateway);
  return gateway;
}

interface Told {
  readonly problems: ClientProblem[];
  dropped: number;
}

function startProducer(gateway: AppendGateway, options: Partial<ProducerOptions> = {}): [Producer, Told] {
  const told: Told = { problems: [], dropped: 0 };
  const producer = new Producer({
    url: gateway.url,
    channel: "build/1",
    random: () => 0.01,
    lingerMs: 1,
    onProblem: (problem) => told.problems.push(problem),
    onDropped: (count) => {
      told.dropped += count;
    },
    ...options,
  });
  producers.push(producer);
  return [producer, told];
}

const deadlineMs = 10_000;

describe("a producer", () => {
  it.each([1, 2, 3])("[PRD1] brings every line once and in order over a bad line (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const fates: readonly Fate[] = [
      { kind: "take" },
      { kind: "take" },
      { kind: "lost" },
      { kind: "cut" },
      { kind: "problem", code: "channel_overloaded" },
      { kind: "page", status: 502 },
      { kind: "page", status: 200 },
    ];
    const gateway = await startGateway();
    gateway.fate = () => fates[Math.floor(random() * fates.length)] ?? { kind: "take" };
    const [producer, told] = startProducer(gateway, { batchEntries: 20, random: () => 0 });
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index} é`);
    for (const line of lines) producer.append({ line });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(gateway.lines).toEqual(lines);
    expect(told.dropped).toBe(0);
    // A repeat has the number and the text of the first try.
    const bodies = new Map(gateway.asked.map(({ seq, body }) => [seq, body]));
    for (const { seq, body } of gateway.asked) expect(body).toBe(bodies.get(seq));
    expect(gateway.asked.length).toBeGreaterThan(bodies.size);
  });

  it("[PRD2] a batch refused for good leaves its number to the next, and a line says what is missing", async () => {
    const gateway = await startGateway();
    gateway.fate = ({ body }) =>
      body.includes("bad") ? { kind: "problem", code: "invalid_field" } : { kind: "take" };
    const [producer, told] = startProducer(gateway, { batchEntries: 2 });
    for (const line of ["one", "two", "bad", "bad too", "five"]) producer.append({ line });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(gateway.lines).toEqual([
      "one",
      "two",
      "five",
      "tailrace: 2 lines were left out here: the gateway did not take them.",
    ]);
    expect(told.dropped).toBe(2);
    expect(told.problems).toMatchObject([{ code: "invalid_field", message: "Refused.", status: 400 }]);
    expect(gateway.asked.map(({ seq }) => seq)).toEqual([0, 1, 1, 2]);
  });

  it("[PRD3] when everything is refused it does not repeat the line that says so", async () => {
    const gateway = await startGateway();
    gateway.fate = () => ({ kind: "problem", code: "body_too_large" });
    const [producer, told] = startProducer(gateway);
    producer.append({ line: "one" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(told.dropped).toBe(1);
    expect(gateway.asked.length).toBe(2);
  });

  it("[PRD4] a full queue leaves out one stretch, and says so in its place", async () => {
    const gateway = await startGateway();
    const isAway = { value: true };
    gateway.fate = () => (isAway.value ? { kind: "cut" } : { kind: "take" });
    const [producer, told] = startProducer(gateway, { maxQueueBytes: 2_000, now: () => 1 });
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    for (const line of lines) producer.append({ line });
    isAway.value = false;
    expect(await producer.flush(deadlineMs)).toBe(true);
    const arrived = gateway.lines.length - 1;
    expect(arrived).toBeGreaterThan(20);
    expect(gateway.lines).toEqual([
      ...lines.slice(0, arrived),
      `tailrace: ${200 - arrived} lines were left out here: the gateway did not take them.`,
    ]);
    expect(told.dropped).toBe(200 - arrived);
  });

  it("[PRD5] waits as long as it was told, and no sooner", async () => {
    const gateway = await startGateway();
    let refusals = 1;
    gateway.fate = () =>
      refusals-- > 0 ? { kind: "problem", code: "too_fast", retryAfterSeconds: 7 } : { kind: "take" };
    const waits: number[] = [];
    const [producer] = startProducer(gateway, {
      random: () => 0.5,
      requestTimeoutMs: 60_000,
      startTimer: (run, ms) => {
        waits.push(ms);
        // Only the pause between two tries is cut short; the times of requests and deadlines are not.
        const timer = setTimeout(run, ms === 7_250 || ms === 1 ? 0 : ms);
        return () => clearTimeout(timer);
      },
    });
    producer.append({ line: "one" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(waits).toContain(7_250);
    expect(gateway.asked.length).toBe(2);
  });

  it("[PRD6] a token is renewed once; refused again, the producer stops and counts what it dropped", async () => {
    const gateway = await startGateway();
    gateway.fate = () => ({ kind: "problem", code: "token_expired" });
    const [producer, told] = startProducer(gateway, {
      token: ({ renew }) => (renew ? "second" : "first"),
    });
    producer.append({ line: "one" });
    producer.append({ line: "two" });
    expect(await producer.flush(deadlineMs)).toBe(false);
    expect(gateway.tokens).toEqual(["Bearer first", "Bearer second"]);
    expect(told.problems).toMatchObject([{ code: "token_expired", final: true }]);
    expect(told.dropped).toBe(2);
    expect(producer.isStopped).toBe(true);
    producer.append({ line: "three" });
    expect(told.dropped).toBe(3);
  });

  it("[PRD7] begins a new epoch where the gateway has forgotten the old one", async () => {
    const gateway = await startGateway();
    const [producer, told] = startProducer(gateway, { epoch: 5 });
    producer.append({ line: "one" });
    await producer.flush(deadlineMs);
    gateway.forget();
    producer.append({ line: "two" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(gateway.lines).toEqual(["one", "two"]);
    expect(gateway.asked.map(({ epoch, seq }) => [epoch, seq])).toEqual([
      [5, 0],
      [5, 1],
      [6, 0],
    ]);
    expect(told.problems).toEqual([]);
  });

  it("[PRD8] flush and end keep their deadline while the gateway is away", async () => {
    const gateway = await startGateway();
    gateway.fate = () => ({ kind: "cut" });
    const [producer, told] = startProducer(gateway);
    producer.append({ line: "one" });
    expect(await producer.flush(30)).toBe(false);
    const ended = await producer.end({ status: "success" }, 30);
    const message = "Not everything was taken by the gateway within 30 ms; 1 entry still waits.";
    expect(ended).toEqual({ ok: false, problem: { code: "network_failed", message } });
    expect(told.dropped).toBe(1);
    expect(producer.isStopped).toBe(true);
    expect(await producer.end({ status: "success" }, 30)).toMatchObject({
      problem: { message: "The producer stopped before the gateway had taken everything." },
    });
  });

  it("[PRD12] close ends a seal that is asked for again and again", async () => {
    const gateway = await startGateway();
    const [producer] = startProducer(gateway, { random: () => 0.99 });
    producer.append({ line: "one" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    await gateway.stop();
    gateways.splice(0);
    const ended = producer.end({ status: "success" }, 600_000);
    setImmediate(() => producer.close());
    expect(await ended).toMatchObject({ ok: false, problem: { code: "network_failed" } });
  });

  it("[PRD9] end brings everything first, then seals", async () => {
    const gateway = await startGateway();
    const [producer] = startProducer(gateway);
    producer.append({ line: "one" });
    const ended = await producer.end({ status: "failure", exitCode: 2 }, deadlineMs);
    expect(ended).toMatchObject({ ok: true, value: { channel: "build/1" } });
    expect(gateway.lines).toEqual(["one"]);
    expect(gateway.ended).toEqual({ status: "failure", exitCode: 2 });
  });

  it("[PRD10] a line longer than a batch goes in pieces that say they go on", async () => {
    const gateway = await startGateway();
    const [producer, told] = startProducer(gateway);
    const long = "é😀".repeat(300_000);
    producer.append({ line: long });
    producer.append({ line: "after" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    expect(gateway.lines.slice(0, -1).join("") === long).toBe(true);
    expect(gateway.lines.at(-1)).toBe("after");
    const entries = gateway.asked.flatMap(({ body }) =>
      body
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text)),
    );
    expect(entries.map(({ more }) => more)).toEqual([true, true, true, undefined, undefined]);
    expect(told.dropped).toBe(0);
  });
});

describe("ProducerQueue", () => {
  it("[PRD11] once full takes nothing until a quarter is free, so that what is missing is one stretch", () => {
    const left: number[] = [];
    const queue = new ProducerQueue(1_000, (count) => {
      left.push(count);
      return { line: `${count} left out` };
    });
    // Every entry is 100 bytes of NDJSON.
    const entry = { line: "x".repeat(88) };
    for (let i = 0; i < 12; i++) queue.push(entry);
    expect([queue.length, queue.bytes]).toEqual([10, 1_000]);
    expect(queue.take(2, 10_000)).toMatchObject({ entries: 2 });
    queue.push(entry);
    expect(left).toEqual([]);
    queue.take(2, 10_000);
    queue.push(entry);
    expect(left).toEqual([3]);
    expect(queue.take(100, 10_000)?.ndjson.trimEnd().split("\n").slice(6)).toEqual([
      '{"line":"3 left out"}',
      JSON.stringify(entry),
    ]);
    expect(queue.isEmpty).toBe(true);
  });
});

describe("ApiClient", () => {
  it("[API1] gives problems as values, and what is not the gateway's answer as such", async () => {
    const gateway = await startGateway();
    const api = new ApiClient({ url: gateway.url });
    const entry = { line: "one" };
    gateway.fate = () => ({ kind: "problem", code: "too_fast", retryAfterSeconds: 3 });
    expect(await api.append("build/1", [entry])).toEqual({
      ok: false,
      problem: { code: "too_fast", message: "Refused.", status: 429, retryAfterMs: 3_000 },
    });
    gateway.fate = () => ({ kind: "page", status: 200 });
    expect(await api.append("build/1", [entry])).toMatchObject({
      ok: false,
      problem: { code: "answer_invalid", status: 200 },
    });
    gateway.fate = () => ({ kind: "cut" });
    expect(await api.append("build/1", [entry])).toMatchObject({
      ok: false,
      problem: { code: "network_failed" },
    });
    expect(() => api.summary("Build 1")).toThrow('"Build 1" is not a channel name.');
  });

  it("[API2] makes addresses that a link can use", () => {
    const api = new ApiClient({ url: "https://logs.example.com" });
    expect(api.downloadUrl("build/a:b@c", { format: "plain", from: 3 })).toBe(
      "https://logs.example.com/v1/channels/build/a%3Ab%40c/download?format=plain&from=3",
    );
  });
});
