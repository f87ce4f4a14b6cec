import { dialectA } from "../../../protocol/dialects/a.ts";
import type { Dialect } from "../../../protocol/dialects/dialect.ts";
import type { Untrusted } from "../../../protocol/mod.ts";

/** The key of a frame that tells which protocol its socket speaks; the first that is there decides. */
const deciders: readonly { readonly key: string; readonly speaks: Dialect | "native" }[] = [
  { key: "channel", speaks: "native" },
  { key: "buildId", speaks: dialectA },
];

/** What a frame decides, or null. A key that is null is absent. */
export function decide(frame: Untrusted): Dialect | "native" | null {
  const found = deciders.find(({ key }) => frame[key] !== undefined && frame[key] !== null);
  return found?.speaks ?? null;
}
