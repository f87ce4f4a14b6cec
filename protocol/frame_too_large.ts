import type { Problem } from "./codes.ts";
import { limits } from "./limits.ts";

/** What a client is told whose frame has `bytes`, more than {@link limits.upFrameBytes}. */
export function frameTooLarge(bytes: number): Problem {
  const [found, most] = [bytes, limits.upFrameBytes].map((count) => count.toLocaleString("en"));
  const message = `The frame has ${found} bytes and the limit is ${most}.`;
  return { code: "frame_too_large", message, expected: limits.upFrameBytes, received: bytes };
}
