import { linesByBytes } from "./line_oracle.ts";

/** Appending over HTTP in each of its three forms, batch by batch, as a numbered producer does. */

export interface Access {
  /** The gateway's origin. */
  readonly url: string;
  readonly token: string;
}

export interface Body {
  readonly type: string;
  readonly bytes: string | Buffer;
}

/** How a program's bytes become bodies of so many lines. */
export const forms = {
  text: (bytes: Buffer, perBatch: number): Body[] =>
    cutAfterLines(bytes, perBatch).map((part) => ({ type: "text/plain", bytes: part })),
  ndjson: (bytes: Buffer, perBatch: number): Body[] =>
    inGroups(linesByBytes(bytes), perBatch).map((lines) => ({
      type: "application/x-ndjson",
      bytes: lines.map((line) => `${JSON.stringify({ line })}\n`).join(""),
    })),
  json: (bytes: Buffer, perBatch: number): Body[] =>
    inGroups(linesByBytes(bytes), perBatch).map((lines) => ({
      type: "application/json",
      bytes: JSON.stringify({ entries: lines.map((line) => ({ line })) }),
    })),
} as const;

export type Form = keyof typeof forms;

/** Appends the bodies one after another; each must be stored, right after the one before. */
export async function sendAll(
  { url, token }: Access,
  channel: string,
  bodies: readonly Body[],
): Promise<void> {
  let last = 0;
  for (const [seq, { type, bytes }] of bodies.entries()) {
    const response = await fetch(`${url}/v1/channels/${channel}/entries`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": type,
        "producer-id": "real-input",
        "producer-epoch": "1",
        "producer-seq": String(seq),
      },
      body: typeof bytes === "string" ? bytes : new Uint8Array(bytes),
    });
    const answer = await response.json();
    if (response.status !== 200 || answer.first !== last + 1 || answer.duplicate !== false) {
      throw new Error(`Batch ${seq} got ${response.status} ${JSON.stringify(answer)} after cursor ${last}`);
    }
    last = answer.last;
  }
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

function cutAfterLines(bytes: Buffer, perBatch: number): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  let lines = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) {
    lines += 1;
    if (lines % perBatch > 0) continue;
    parts.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  if (start < bytes.length) parts.push(bytes.subarray(start));
  return parts;
}
