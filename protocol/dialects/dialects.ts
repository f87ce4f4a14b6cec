import { dialectA } from "./a.ts";
import { dialectB } from "./b.ts";
import { dialectC } from "./c.ts";
import { dialectD } from "./d.ts";
import type { Dialect } from "./dialect.ts";
import { dialectE } from "./e.ts";

/** Every dialect that the gateway speaks. Where a frame has the keys of several, the first decides. */
export const dialects: readonly Dialect[] = [dialectA, dialectB, dialectC, dialectD, dialectE];
