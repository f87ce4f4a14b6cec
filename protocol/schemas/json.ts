import { z } from "zod";
import type { Json, JsonObject } from "../entry.ts";
import { isJson } from "../json.ts";
import { limits } from "../limits.ts";

/** Any JSON value, as a client may send it. */
export const json = z
  .unknown()
  .refine((value) => isJson(value, limits.dataDepth), `JSON of at most ${limits.dataDepth} levels`)
  .describe(`Any JSON value, nested at most ${limits.dataDepth} levels deep`) as z.ZodType<Json, Json>;

/** A JSON object, as a client may send it. */
export const jsonObject = z
  .record(z.string(), z.unknown())
  .refine((value) => isJson(value, limits.dataDepth), `JSON of at most ${limits.dataDepth} levels`)
  .describe(`A JSON object, nested at most ${limits.dataDepth} levels deep`) as z.ZodType<
  JsonObject,
  JsonObject
>;

/** Any JSON value, as the gateway sends it: it was checked on its way in. */
export const sentJson = z
  .unknown()
  .refine((value) => value !== undefined, "any JSON value")
  .describe("Any JSON value") as z.ZodType<Json, Json>;

/** A JSON object, as the gateway sends it. */
export const sentJsonObject = z.record(z.string(), z.unknown()).describe("A JSON object") as z.ZodType<
  JsonObject,
  JsonObject
>;
