import { limits, ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** The settings of `[vars]` in `wrangler.toml`: one table, checked when a request first needs them. */

interface NumberSetting {
  readonly type: "number";
  readonly default: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly meaning: string;
}

interface FlagSetting {
  readonly type: "flag";
  readonly default: boolean;
  readonly meaning: string;
}

interface TextSetting {
  readonly type: "text";
  readonly default: string;
  readonly allowed: string;
  readonly pattern: RegExp;
  readonly meaning: string;
}

export const settingTable = {
  HEARTBEAT_SECONDS: {
    type: "number",
    default: 30,
    unit: "seconds",
    min: 1,
    max: 300,
    meaning: "the heartbeat of the pages' sockets: within it a dead one is noticed",
  },
  WINDOW_TOTAL_BYTES: {
    type: "number",
    default: limits.windowTotalBytes,
    unit: "bytes",
    min: limits.windowMinBytes,
    max: 16 * 1024 * 1024 * 1024,
    meaning: "what may be in flight to all subscribers of a channel; shared by them",
  },
  MAX_DIRECT_VIEWERS: {
    type: "number",
    default: limits.directViewers,
    unit: "subscribers",
    min: 1,
    max: 32_000,
    meaning: "subscribers of one channel",
  },
  // The least rates send the largest queue, and what is in flight behind it, well before an ack is overdue.
  PACE_BYTES_PER_SECOND: {
    type: "number",
    default: 256 * 1024,
    unit: "bytes",
    min: 64 * 1024,
    max: 1024 * 1024 * 1024,
    meaning: "how fast a client is sent to that cannot acknowledge (a dialect's)",
  },
  PACE_FIRST_BYTES: {
    type: "number",
    default: 1024 * 1024,
    unit: "bytes",
    min: 1024,
    max: 64 * 1024 * 1024,
    meaning: "what such a client gets at once",
  },
  PACE_MESSAGES_PER_SECOND: {
    type: "number",
    default: 2_000,
    unit: "messages",
    min: 500,
    max: 1_000_000,
    meaning: "the same in messages; at once as many seconds' worth as of bytes",
  },
  PACE_QUEUE_BYTES: {
    type: "number",
    default: 256 * 1024,
    unit: "bytes",
    min: 1024,
    max: 1024 * 1024,
    meaning:
      "live lines beyond so many waiting bytes are dropped and announced, once such a client was level",
  },
  REALTIME_ENABLED: {
    type: "flag",
    default: true,
    meaning: "whether sockets that read are taken; HTTP works without",
  },
  MAX_CLIENTS_PER_TASK: {
    type: "number",
    default: 10,
    unit: "subscribers",
    min: 1,
    max: 32_000,
    meaning: "subscribers of one channel of kind task, but no more than MAX_DIRECT_VIEWERS",
  },
  WEBSOCKET_TIMEOUT: {
    type: "number",
    default: 600,
    unit: "seconds",
    min: 60,
    max: 86_400,
    meaning: "after so long without a frame either way a socket is closed",
  },
  MAX_CONNECTS_PER_SECOND: {
    type: "number",
    default: 200,
    unit: "sockets",
    min: 1,
    max: 10_000,
    meaning: "what one subject may open on one channel; ten seconds of it at once",
  },
  MAX_FRAMES_PER_SECOND: {
    type: "number",
    default: 200,
    unit: "frames",
    min: 1,
    max: 100_000,
    meaning: "what a client may send on a socket; five seconds of it at once",
  },
  MAX_FAILURES_PER_MINUTE: {
    type: "number",
    default: 30,
    unit: "failures",
    min: 1,
    max: 10_000,
    meaning:
      "failed handshakes and sign-ins of one address or subject that are told their reason; so many at once",
  },
  COMMAND_TTL_SECONDS: {
    type: "number",
    default: 3_600,
    unit: "seconds",
    min: 1,
    max: 30 * 24 * 60 * 60,
    meaning: "how long a command waits for an agent to take it; then it expires",
  },
  AGENT_GRACE_SECONDS: {
    type: "number",
    default: 60,
    unit: "seconds",
    min: 1,
    max: 86_400,
    meaning: "how long a task outlives its runner's connection, unless another of its group answers to it",
  },
  MAX_COMMANDS_PER_SECOND: {
    type: "number",
    default: 20,
    unit: "commands",
    min: 1,
    max: 10_000,
    meaning: "what one subject may send to one channel; ten seconds of it at once",
  },
  ALLOW_HOSTILE_CONTENT: {
    type: "flag",
    default: false,
    meaning: "whether commands are taken whose content could run in a page that shows it carelessly",
  },
  LOG_RETENTION_DAYS: {
    type: "number",
    default: 7,
    unit: "days",
    min: 1,
    max: 3_650,
    meaning: "how long entries of channels of kind task are retained; an ended one goes whole after it",
  },
  RETENTION_DAYS: {
    type: "number",
    default: 30,
    unit: "days",
    min: 1,
    max: 3_650,
    meaning: "the same for channels of every other kind",
  },
  RETENTION_BYTES: {
    type: "number",
    default: 1024 * 1024 * 1024,
    unit: "bytes",
    min: 1024 * 1024,
    max: 8 * 1024 * 1024 * 1024,
    meaning: "what a channel retains at most, in bytes of its entries' JSON; the oldest go first",
  },
  RETENTION_ENTRIES: {
    type: "number",
    default: 0,
    unit: "entries",
    min: 0,
    max: 1_000_000_000,
    meaning: "how many of a channel's newest entries are retained, in whole rows; 0: no limit",
  },
  AUDIT_RETENTION_DAYS: {
    type: "number",
    default: 30,
    unit: "days",
    min: 1,
    max: 3_650,
    meaning: "how long the audit log keeps an event",
  },
  AUDIT_RETENTION_EVENTS: {
    type: "number",
    default: 100_000,
    unit: "events",
    min: 1_000,
    max: 1_000_000,
    meaning: "how many of a tenant's newest events the audit log keeps",
  },
  ALLOWED_ORIGINS: {
    type: "text",
    default: "",
    allowed: "origins such as https://ci.example.com, separated by spaces or commas",
    pattern: /^(?:\s*https?:\/\/[^\s,/]+\s*(?:[,\s]|$))*$/,
    meaning: "pages of other origins that may open sockets; the gateway's own always may",
  },
  TOKEN_IN_QUERY: {
    type: "flag",
    default: true,
    meaning: "whether ?token= is taken",
  },
  LOGIN_URL: {
    type: "text",
    default: "/login",
    allowed: "a path beginning with / or an http(s) URL",
    pattern: /^(?:\/(?!\/)[^\s]*|https?:\/\/[^\s]+)$/,
    meaning: "where the pages send whoever is not signed in",
  },
} as const satisfies Record<string, NumberSetting | FlagSetting | TextSetting>;

export type SettingName = keyof typeof settingTable;

type ValueOf<S> = S extends NumberSetting ? number : S extends FlagSetting ? boolean : string;

export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof settingTable)[Name]> };

/** Reads the settings from the environment's variables; a wrong one names itself, its value and what is allowed. */
export function parseSettings(vars: Readonly<Record<string, unknown>>): Result<Settings> {
  const settings: Record<string, string | number | boolean> = {};
  for (const [name, setting] of Object.entries<NumberSetting | FlagSetting | TextSetting>(settingTable)) {
    const found = vars[name];
    const value =
      found === undefined || found === "" ? setting.default : parseSetting(setting, String(found));
    if (value === undefined) {
      return refuse(
        "setting_invalid",
        `The setting ${name} is ${quote(found)}. Allowed: ${allowedFor(setting)}.`,
      );
    }
    settings[name] = value;
  }
  return ok(settings as Settings);
}

function parseSetting(
  setting: NumberSetting | FlagSetting | TextSetting,
  found: string,
): string | number | boolean | undefined {
  switch (setting.type) {
    case "number": {
      const value = Number(found);
      return Number.isInteger(value) && value >= setting.min && value <= setting.max ? value : undefined;
    }
    case "flag":
      return found === "true" ? true : found === "false" ? false : undefined;
    case "text":
      return setting.pattern.test(found) ? found : undefined;
  }
}

function allowedFor(setting: NumberSetting | FlagSetting | TextSetting): string {
  switch (setting.type) {
    case "number":
      return `an integer from ${setting.min} to ${setting.max} (${setting.unit}); the default is ${setting.default}`;
    case "flag":
      return `"true" or "false"; the default is "${setting.default}"`;
    case "text":
      return setting.allowed;
  }
}
