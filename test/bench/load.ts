import { Agent, request } from "node:http";

/** Lines as a build prints them, of about 100 characters, numbered, and all of one length; longer ones padded. */
export function lineOf(number: number, chars = 0): string {
  const digits = String(number).padStart(10, "0");
  return `[webpack-cli] compiled module ./src/components/panel/Chart.tsx in chunk main (number ${digits})`.padEnd(
    chars,
    ".",
  );
}

/** What an entry of the load has in a frame, in bytes: what a subscriber counts entries by. */
export function entryBytesOf(lineChars = 0): number {
  return JSON.stringify({ kind: "log", ts: 1_000_000_000_000, level: "info", line: lineOf(0, lineChars) })
    .length;
}

/** A batch as NDJSON, its lines numbered from `first`. */
export function batchOf(first: number, entries: number, ts: number, lineChars = 0): string {
  let text = "";
  for (let i = 0; i < entries; i++) {
    text += `{"ts":${ts},"level":"info","line":${JSON.stringify(lineOf(first + i, lineChars))}}\n`;
  }
  return text;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Appends a batch and resolves when it is durable; rejects on any refusal. */
export function append(
  url: URL,
  channel: string,
  token: string,
  body: string,
): Promise<{ first: number; last: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(`/v1/channels/${channel}/entries`, url),
      {
        method: "POST",
        agent,
        headers: {
          "content-type": "application/x-ndjson",
          authorization: `Bearer ${token}`,
          "content-length": Buffer.byteLength(body),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`Append was answered ${response.statusCode}: ${text}`));
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/**
 * Appends batches for so long: `inFlight` at once, each followed by the next when it is durable, or spaced by
 * `everyMs`.
 */
export async function produce(
  url: URL,
  channel: string,
  token: string,
  load: {
    readonly entries: number;
    readonly forMs: number;
    readonly inFlight?: number;
    readonly everyMs?: number;
  },
): Promise<{ readonly lines: number; readonly ms: number; readonly ackMs: readonly number[] }> {
  const startedAt = performance.now();
  const ackMs: number[] = [];
  let next = 1;
  const one = async (): Promise<void> => {
    const first = next;
    next += load.entries;
    const sentAt = performance.now();
    await append(url, channel, token, batchOf(first, load.entries, Date.now()));
    ackMs.push(performance.now() - sentAt);
  };
  const isOver = () => performance.now() - startedAt >= load.forMs;
  if (load.everyMs === undefined) {
    const lane = async (): Promise<void> => {
      while (!isOver()) await one();
    };
    await Promise.all(Array.from({ length: load.inFlight ?? 1 }, lane));
  } else {
    const pending: Promise<void>[] = [];
    for (let due = startedAt; !isOver(); due += load.everyMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      pending.push(one());
    }
    await Promise.all(pending);
  }
  return { lines: next - 1, ms: performance.now() - startedAt, ackMs };
}
