import { utf8Bytes } from "../utf8.ts";
import type { Piece } from "./dialect.ts";

/** An entry that is a frame of its own. */
export function loneFrame(frame: Readonly<Record<string, unknown>>): Piece<string> {
  return lonePiece(JSON.stringify(frame));
}

/** The same for a frame's text. */
export function lonePiece(part: string): Piece<string> {
  return { part, bytes: utf8Bytes(part), run: null };
}
