import type { Readable, Writable } from "node:stream";

/**
 * Hands a child's output on, byte for byte and at the reader's pace, and lets `onChunk` see it. When our own
 * reader leaves, the child's pipe is closed, so that the child learns it as it would without us.
 */
export function passThrough(from: Readable, to: Writable, onChunk: (chunk: Buffer) => void): void {
  from.on("data", (chunk: Buffer) => {
    onChunk(chunk);
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  // Whatever ended the pipe, the child's exit tells how it went.
  from.on("error", () => from.destroy());
  to.on("error", () => from.destroy());
}
