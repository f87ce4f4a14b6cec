import { limits, ok, type Result, refuse } from "../../../protocol/mod.ts";

/** Frames for channels to which there is no connection for the moment, in their order: as much as one frame may have. */
export class LateFrames {
  readonly #frames = new Map<string, string[]>();
  #chars = 0;

  keep(channel: string, text: string): Result<true> {
    if (this.#chars + text.length > limits.upFrameBytes) {
      const message = `The connection to ${channel} is made anew, and ${this.#chars.toLocaleString("en")} characters wait already. Send it again later.`;
      return refuse("restarting", message, { retryAfterMs: 1_000 });
    }
    this.#chars += text.length;
    const waiting = this.#frames.get(channel);
    if (waiting === undefined) this.#frames.set(channel, [text]);
    else waiting.push(text);
    return ok(true);
  }

  take(channel: string): readonly string[] {
    const frames = this.#frames.get(channel) ?? [];
    this.#frames.delete(channel);
    for (const text of frames) this.#chars -= text.length;
    return frames;
  }
}
