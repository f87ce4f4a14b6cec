import { isChannelId, parseChannelName, quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import type { Json, JsonObject } from "./entry.ts";
import { isObject } from "./fields.ts";
import { findHostile, type Hostile, hostileText } from "./hostile_content.ts";
import { checkInstall } from "./install.ts";
import { readJson, wellFormed } from "./json.ts";
import { limits } from "./limits.ts";
import { utf8Bytes } from "./utf8.ts";

/** What commands channels take, by their kind. */

/** A command as its sender gives it; `data` may be left out. */
export interface SentCommand {
  readonly id: string;
  readonly name: string;
  readonly data?: unknown;
  readonly group?: string;
}

/** A command that its channel's kind takes. */
export interface CheckedCommand {
  readonly id: string;
  readonly name: string;
  /** The JSON text of its data. */
  readonly data: string;
  readonly group?: string;
}

interface CommandKind {
  /** The names that it takes; null: any. */
  readonly names: readonly string[] | null;
  /** Whether content that could run in a page is refused. */
  readonly checksContent: boolean;
  /** The one command that the channel is: what becomes of it becomes of the channel. */
  readonly task?: string;
  readonly checkData?: (data: JsonObject) => Result<true>;
}

/** The table of kinds; every other one is as `project`. */
const kinds = {
  task: { names: ["install"], checksContent: true, task: "install", checkData: checkInstall },
  session: {
    names: ["start_session", "pause_session", "resume_session", "user_input"],
    checksContent: false,
  },
  project: { names: null, checksContent: true },
} as const satisfies Readonly<Record<string, CommandKind>>;

function kindOf(kind: string): CommandKind {
  return Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : kinds.project;
}

/** The name of the one command that a channel is, by its kind (a task is its `install`); null: it is none. */
export function taskName(channel: string): string | null {
  const parsed = parseChannelName(channel);
  return parsed.ok ? (kindOf(parsed.value.kind).task ?? null) : null;
}

/**
 * Checks a command by the table of its channel's kind: its name, its data (an object; none is an empty one), its
 * size, and its content unless `allowsHostile` (the setting ALLOW_HOSTILE_CONTENT). Refuses with
 * `unknown_command`, `invalid_field`, `missing_field`, `command_too_large` or `hostile_content`.
 */
export function checkCommand(
  kind: string,
  command: SentCommand,
  { allowsHostile }: { readonly allowsHostile: boolean },
): Result<CheckedCommand> {
  const rules = kindOf(kind);
  const { id, name, data = {}, group } = command;
  if (rules.names !== null && !rules.names.includes(name)) {
    return refuse(
      "unknown_command",
      `A channel of kind ${kind} was sent the command ${quote(name)}. Allowed: ${rules.names.join(", ")}.`,
    );
  }
  if (kind === "task" && group !== undefined && !isChannelId(group)) {
    return invalid("group", group, "a name that matches [A-Za-z0-9._:@-]{1,128}");
  }
  const checksContent = rules.checksContent && !allowsHostile;
  const read = readData(data, name, checksContent);
  if (!read.ok) return read;
  const checked = rules.checkData?.(read.value.data) ?? ok(true);
  if (!checked.ok) return checked;
  const hostile = checksContent ? hostileCommand(name, read.value.data) : null;
  if (hostile !== null) return refuseHostile(hostile);
  return ok({
    id: wellFormed(id),
    name: wellFormed(name),
    data: read.value.text,
    ...(group !== undefined && { group: wellFormed(group) }),
  });
}

function readData(
  value: unknown,
  name: string,
  checksContent: boolean,
): Result<{ readonly data: JsonObject; readonly text: string }> {
  const data = readJson(value, limits.dataDepth);
  // What nests too deep to be read nests too deep to be harmless.
  const hostile = data === undefined && checksContent ? hostileCommand(name, value) : null;
  if (hostile !== null) return refuseHostile(hostile);
  if (!isObject(data)) {
    const allowed =
      data === undefined
        ? `an object of at most ${limits.dataDepth} levels, with numbers that a double holds`
        : "an object";
    return refuse(
      "invalid_field",
      `The command ${quote(name)} has data: ${quote(value)}. Allowed: ${allowed}.`,
    );
  }
  const text = JSON.stringify(data);
  const bytes = utf8Bytes(text);
  if (bytes > limits.commandBytes)
    return refuse("command_too_large", tooLarge("data of the command", bytes), {
      expected: limits.commandBytes,
      received: bytes,
    });
  return ok({ data: data as JsonObject, text });
}

function tooLarge(what: string, bytes: number): string {
  return `The ${what} is ${bytes.toLocaleString("en")} bytes of JSON and the limit is ${limits.commandBytes.toLocaleString("en")}.`;
}

/** Checks the data of an agent's answer and makes its JSON text; answers are never refused for content. */
export function checkAnswer(data: Json): Result<string> {
  const text = JSON.stringify(readJson(data, limits.dataDepth));
  const bytes = utf8Bytes(text);
  if (bytes <= limits.commandBytes) return ok(text);
  return refuse("command_too_large", tooLarge("answer", bytes), {
    expected: limits.commandBytes,
    received: bytes,
  });
}

function hostileCommand(name: string, data: unknown): Hostile | null {
  return hostileText(name, "name") ?? findHostile(data, limits.commandDepth);
}

function refuseHostile({ at, found }: Hostile): Result<never> {
  return refuse(
    "hostile_content",
    `The command has ${found} in ${quote(at)}. Allowed: text without control characters (but tab and newline), bidirectional overrides, <script tags, on…= attributes and javascript: links, nested at most ${limits.commandDepth} levels.`,
  );
}

function invalid(field: string, found: unknown, allowed: string): Result<never> {
  return refuse("invalid_field", `The command has ${field}: ${quote(found)}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
