import { isObject, quote, type Untrusted } from "../../protocol/mod.ts";
import type { ClientProblem, ClientResult } from "./problem.ts";

/** Reading HTTP answers: problems as values, and of other answers what the client relies on. */

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const integer: Check = (value) => Number.isSafeInteger(value);
const flag: Check = (value) => typeof value === "boolean";
const list: Check = (value) => Array.isArray(value);
const textOrNull: Check = (value) => value === null || text(value);

/** What is needed in each answer; further fields are let through, so that old clients survive new ones. */
export const answers = {
  append: { channel: text, epoch: text, duplicate: flag },
  end: { channel: text, cursor: integer, status: text, lines: integer, bytes: integer, crc32: text },
  summary: { channel: text, status: text, tail: integer, oldest: integer, stages: list, levels: isObject },
  history: { channel: text, oldest: integer, tail: integer, ended: flag, entries: list },
  channels: { channels: list, next: textOrNull },
  command: { channel: text, id: text, name: text, state: text, cursor: integer, ts: integer },
  session: { sub: text, grants: list },
  nothing: {},
} as const satisfies Record<string, Readonly<Record<string, Check>>>;

/** Reads a successful answer as the type its checks stand for, or refuses it with what was found. */
export function readAnswer<T>(
  value: unknown,
  checks: Readonly<Record<string, Check>>,
  status: number,
): ClientResult<T> {
  if (!isObject(value)) return invalid(`The gateway answered ${quote(value)} and not an object.`, status);
  for (const name in checks) {
    if (!checks[name]?.(value[name])) {
      return invalid(`The gateway answered with ${name}: ${quote(value[name])}.`, status);
    }
  }
  return { ok: true, value: value as T };
}

function invalid<T>(message: string, status: number): ClientResult<T> {
  return { ok: false, problem: { code: "answer_invalid", message, status } };
}

/** The problem of an answer that is not a success. `body` is what its text says, if it is JSON. */
export function readProblem(response: Response, body: unknown): ClientProblem {
  const status = response.status;
  const found: Untrusted = isObject(body) ? body : {};
  const { code, detail, title, expected, received, oldest, retryAfterMs, loginUrl } = found;
  const waitMs = retryAfterOf(response.headers.get("Retry-After"), retryAfterMs);
  const message = [detail, title].find((part) => typeof part === "string") ?? `Status ${status}.`;
  return {
    code: typeof code === "string" && code !== "" ? code : "answer_invalid",
    message: String(message),
    status,
    ...(isDetail(expected) && { expected }),
    ...(isDetail(received) && { received }),
    ...(typeof oldest === "number" && { oldest }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(typeof loginUrl === "string" && { loginUrl }),
  };
}

function isDetail(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** The body's milliseconds win over the header's whole seconds; a date in the header is not read. */
function retryAfterOf(header: string | null, retryAfterMs: unknown): number | undefined {
  if (typeof retryAfterMs === "number" && retryAfterMs >= 0) return retryAfterMs;
  return header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}
