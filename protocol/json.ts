import type { Json } from "./entry.ts";

/** Whether a parsed value is JSON nested at most `depthLeft` levels deep, whose numbers a double can hold. */
export function isJson(value: unknown, depthLeft: number): value is Json {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value !== "object" || depthLeft === 0) return false;
  return Object.values(value).every((item) => isJson(item, depthLeft - 1));
}

export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/**
 * A parsed JSON value with lone surrogates replaced; undefined where it nests too deep, or where a number is so
 * large that it was read as infinite and would be stored as null.
 */
export function readJson(value: unknown, depthLeft: number): Json | undefined {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || value === null) return value as Json;
  if (depthLeft === 0) return undefined;
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value) {
      const read = readJson(item, depthLeft - 1);
      if (read === undefined) return undefined;
      items.push(read);
    }
    return items;
  }
  const copy: [string, Json][] = [];
  for (const [key, item] of Object.entries(value)) {
    const read = readJson(item, depthLeft - 1);
    if (read === undefined) return undefined;
    copy.push([wellFormed(key), read]);
  }
  return Object.fromEntries(copy);
}
