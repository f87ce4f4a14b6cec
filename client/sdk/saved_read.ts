import { type Filter, isObject, type TextSum } from "../../protocol/mod.ts";
import { isLackCode, type Lack } from "./lack.ts";

/**
 * Where a reader's place is kept between processes. Any key-value store of strings does: what the functions
 * throw or reject is reported as `storage_failed`, and reading goes on.
 */
export interface StateStorage {
  load(key: string): string | null | Promise<string | null>;
  save(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
}

/** A browser's `localStorage` or `sessionStorage` as a {@link StateStorage}. */
export function webStorage(storage: Pick<Storage, "getItem" | "setItem" | "removeItem">): StateStorage {
  return {
    load: (key) => storage.getItem(key),
    save: (key, value) => storage.setItem(key, value),
    remove: (key) => storage.removeItem(key),
  };
}

/** A reader's place. `sum` is that of the whole text up to the cursor, or null with what it lacks. */
export type SavedRead =
  | { readonly cursor: number; readonly epoch: string | null; readonly sum: TextSum }
  | { readonly cursor: number; readonly epoch: string | null; readonly sum: null; readonly lack: Lack };

/** One key a gateway, channel and filter: what a filter let through is a different reading. */
export function storageKey(gateway: string, channel: string, filter: Filter | undefined): string {
  const suffix = filter === undefined ? "" : `#${JSON.stringify(filter)}`;
  return `tailrace/1/${new URL(gateway).host}/${channel}${suffix}`;
}

export function encodeSavedRead(saved: SavedRead): string {
  return JSON.stringify(saved);
}

/** Null for whatever was not written by {@link encodeSavedRead}. */
export function parseSavedRead(text: string): SavedRead | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { cursor, epoch, sum, lack } = value;
  if (!isCount(cursor) || !(epoch === null || typeof epoch === "string")) return null;
  if (sum === null) return isLack(lack) ? { cursor, epoch, sum, lack } : null;
  return isSum(sum) ? { cursor, epoch, sum } : null;
}

function isLack(value: unknown): value is Lack {
  return isObject(value) && isLackCode(value["code"]) && typeof value["reason"] === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSum(value: unknown): value is TextSum {
  return isObject(value) && isCount(value["lines"]) && isCount(value["bytes"]) && isCount(value["crc"]);
}
