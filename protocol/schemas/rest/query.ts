import { z } from "zod";
import { maxTs } from "../../entry.ts";
import { limits } from "../../limits.ts";

/**
 * Values of a query: text that stands for something. Their messages say what is allowed, for the sentence of
 * a refusal; their metadata says to documents what the text means.
 */

interface About {
  readonly description: string;
  readonly example: string | number;
}

/** An integer of decimal digits. */
export function integerText(min: number, max: number, about: About) {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `an integer from ${min}` : `an integer from ${min} to ${max}`;
  return z
    .string()
    .refine((text) => /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max, allowed)
    .transform(Number)
    .meta({
      type: "integer",
      minimum: min,
      ...(max < Number.MAX_SAFE_INTEGER && { maximum: max }),
      ...about,
    });
}

/** `1` or `0`. */
export function flagText(about: About) {
  return z
    .enum(["1", "0"], "1 or 0")
    .transform((text) => text === "1")
    .meta({ type: "string", enum: ["1", "0"], ...about });
}

/** One of some words. */
export function wordText<const Word extends string>(words: readonly Word[], about: About) {
  return z.enum(words, `one of ${words.join(", ")}`).meta({ ...about });
}

/** Words joined by commas. */
export function wordListText<const Word extends string>(words: readonly Word[], about: About) {
  const isWord = (text: string): text is Word => (words as readonly string[]).includes(text);
  return z
    .string()
    .refine((text) => text.split(",").every(isWord), `a comma list of ${words.join(", ")}`)
    .transform((text) => text.split(",").filter(isWord))
    .meta({ type: "string", ...about });
}

export function plainText(maxChars: number, about: About) {
  return z
    .string()
    .min(1, `a text of 1 to ${maxChars} characters`)
    .max(maxChars, `a text of 1 to ${maxChars} characters`)
    .meta({ ...about });
}

/** An id of a dialect: of the dialect's kind, or a channel's whole name. Its grammar is checked with its kind. */
export function dialectIdText(about: About) {
  return plainText(limits.kindChars + 1 + limits.idChars, about);
}

const isoTime = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** A time: epoch milliseconds, or ISO 8601. */
export function timeText(about: About) {
  return z
    .string()
    .refine((text) => Number.isFinite(timeOf(text)), "epoch milliseconds or an ISO 8601 time")
    .transform(timeOf)
    .meta({ type: "string", ...about });
}

function timeOf(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text) <= maxTs ? Number(text) : Number.NaN;
  return isoTime.test(text) ? Date.parse(text) : Number.NaN;
}

/** A query of exactly these keys. The message names them where another one was sent. */
export function strictQuery<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  const sentence = known.length === 0 ? "It takes no field." : `Known fields: ${known.join(", ")}.`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? sentence : undefined),
  });
}
