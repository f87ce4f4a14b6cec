import { ok, type Result, refuse } from "../../../protocol/mod.ts";

/** Frames that wait in one socket for connections that are made anew, at most. */
const maxFrames = 256;

/** Frames for channels to which there is no connection for the moment, in their order. */
export class LateFrames {
  readonly #frames = new Map<string, string[]>();
  #count = 0;

  keep(channel: string, text: string): Result<true> {
    if (this.#count >= maxFrames) {
      const message = `${maxFrames} answers wait for connections that are made anew, which is all a socket may have. Send it again later.`;
      return refuse("restarting", message, { retryAfterMs: 1_000 });
    }
    this.#count += 1;
    const waiting = this.#frames.get(channel);
    if (waiting === undefined) this.#frames.set(channel, [text]);
    else waiting.push(text);
    return ok(true);
  }

  take(channel: string): readonly string[] {
    const frames = this.#frames.get(channel) ?? [];
    this.#frames.delete(channel);
    this.#count -= frames.length;
    return frames;
  }
}
