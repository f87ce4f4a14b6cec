import type { Readable, Writable } from "node:stream";

/** Answers when the next chunk may come, or null for at once. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | null;

/**
 * Hands a child's output on, byte for byte, at the pace of our reader and of `take`, which sees it too. When our
 * reader leaves, the child's pipe is closed, so that the child learns it as it would without us.
 */
export function passThrough(from: Readable, to: Writable, take: TakeChunk): void {
  from.on("data", (chunk: Buffer) => {
    const held = take(chunk);
    const isFull = !to.write(chunk);
    if (held === null && !isFull) return;
    from.pause();
    const drained = isFull ? new Promise((resolve) => to.once("drain", resolve)) : null;
    void Promise.all([held, drained]).then(() => from.resume());
  });
  // Whatever ended the pipe, the child's exit tells how it went.
  from.on("error", () => from.destroy());
  to.on("error", () => from.destroy());
}
