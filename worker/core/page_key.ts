import { ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** A place in a listing by time, newest first; names tell apart what is of one time. */
export interface PageKey {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly name: string;
}

/** Where a page ends: the place of its last item. */
export function encodePageKey({ at, name }: PageKey): string {
  return `${at}:${name}`;
}

/** Reads the `before` of a query; null where there is none. */
export function parsePageKey(text: string | undefined): Result<PageKey | null> {
  if (text === undefined) return ok(null);
  const found = /^(\d{1,16}):(.+)$/.exec(text);
  if (found === null) {
    return refuse(
      "invalid_field",
      `The query has before: ${quote(text)}. Allowed: the next of a page before.`,
    );
  }
  return ok({ at: Number(found[1]), name: found[2] ?? "" });
}
