import type { Problem } from "./codes.ts";
import type { ErrorFrame } from "./frames/down.ts";

/** What a refusal is about, where it is about less than the socket. */
export type About = Pick<ErrorFrame, "channel" | "producer" | "seq" | "id">;

/** A refusal as a socket tells it: exactly the frame's own fields, whatever else the problem knows. */
export function errorFrameOf(problem: Problem, about: About = {}): ErrorFrame {
  const { code, message, expected, retryAfterMs } = problem;
  const { channel, producer, seq, id } = about;
  return {
    type: "error",
    code,
    message,
    ...(channel !== undefined && { channel }),
    ...(producer !== undefined && { producer }),
    ...(seq !== undefined && { seq }),
    ...(id !== undefined && { id }),
    ...(expected !== undefined && { expected }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
