import { dialectA } from "./a.ts";
import type { Dialect } from "./dialect.ts";

/** Every dialect that the gateway speaks. Where a frame has the keys of several, the first decides. */
export const dialects: readonly Dialect[] = [dialectA];
