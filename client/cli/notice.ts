import { type Style, styled, wantsColor } from "./color.ts";

/** What tailrace itself has to say goes to stderr: stdout belongs to the command or the log. */
export function notice(text: string, style: Style = "dim"): void {
  const isColored = wantsColor(process.stderr.isTTY === true, process.env);
  process.stderr.write(`${styled("tailrace:", style, isColored)} ${text}\n`);
}

/** Goes on without a reader: what is written then is lost. */
export function ignoreMissingReader(): void {
  onOutputError(() => {});
}

/** Whoever reads our output may leave at any time (`| head`): that ends the command quietly. */
export function exitQuietlyWithoutReader(): void {
  onOutputError(() => process.exit(0));
}

function onOutputError(onGone: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      onGone();
    });
  }
}
