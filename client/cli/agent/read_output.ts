import type { Readable } from "node:stream";

export type OutputName = "stdout" | "stderr";

/** Answers when the stream's next chunk may come, or null for at once. */
export type TakeOutput = (stream: OutputName, chunk: Buffer) => Promise<void> | null;

/** Reads a child's output at the pace of whoever takes it. */
export function readOutput(from: Readable, stream: OutputName, take: TakeOutput): void {
  from.on("data", (chunk: Buffer) => {
    const held = take(stream, chunk);
    if (held === null) return;
    from.pause();
    void held.then(() => from.resume());
  });
  // Whatever ended the pipe, the child's exit tells how it went.
  from.on("error", () => from.destroy());
}
