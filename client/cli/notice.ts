import { type Style, styled, wantsColor } from "./color.ts";

/** What tailrace itself has to say goes to stderr: stdout belongs to the command or the log. */
export function notice(text: string, style: Style = "dim"): void {
  const isColored = wantsColor(process.stderr.isTTY === true, process.env);
  process.stderr.write(`${styled("tailrace:", style, isColored)} ${text}\n`);
}

/** Whoever reads our output may leave at any time (`| head`): that ends the command quietly. */
export function exitQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount("error") > 0) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
}
