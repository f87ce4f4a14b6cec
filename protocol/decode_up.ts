import { isChannelPattern, parseChannelName, quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import { checkFields, type FieldRules, isObject, parseObject, rule, type Untrusted } from "./fields.ts";
import { decodeFilter } from "./filter.ts";
import type { AgentFrame, ProducerFrame, SubscribeFrame, ViewerFrame } from "./frames/up.ts";
import { isJson } from "./json.ts";
import { limits } from "./limits.ts";

const channel = {
  test: (value: unknown) => typeof value === "string",
  allowed: "a channel name",
  required: true,
};
const cursor = rule.integer(0, Number.MAX_SAFE_INTEGER);

const name = rule.text(limits.nameChars);
const requiredName = rule.text(limits.nameChars, { required: true });
const json = {
  test: (value: unknown) => isJson(value, limits.dataDepth),
  allowed: `JSON of at most ${limits.dataDepth} levels, with numbers that a double holds`,
  required: true,
};

export const viewerFrameRules: { readonly [Type in ViewerFrame["type"]]: FieldRules } = {
  subscribe: {
    type: rule.exactly("subscribe"),
    channel,
    cursor,
    epoch: rule.text(limits.nameChars),
    last: cursor,
    filter: { test: isObject, allowed: "an object with levels, stages, events or search" },
    maxWindowBytes: rule.integer(limits.windowMinBytes, Number.MAX_SAFE_INTEGER),
  },
  unsubscribe: { type: rule.exactly("unsubscribe"), channel },
  ack: { type: rule.exactly("ack"), channel, cursor: { ...cursor, required: true } },
  command: {
    type: rule.exactly("command"),
    channel,
    id: requiredName,
    name: requiredName,
    data: json,
    group: name,
  },
  auth: { type: rule.exactly("auth"), token: rule.text(limits.tokenChars, { required: true }) },
  ping: { type: rule.exactly("ping") },
};

const count = rule.integer(0, Number.MAX_SAFE_INTEGER, { required: true });

export const producerFrameRules: { readonly [Type in ProducerFrame["type"]]: FieldRules } = {
  append: {
    type: rule.exactly("append"),
    channel,
    producer: rule.text(limits.producerIdChars, { required: true }),
    epoch: count,
    seq: count,
    entries: { test: Array.isArray, allowed: "a list of entries", required: true },
  },
  auth: viewerFrameRules.auth,
  ping: viewerFrameRules.ping,
};

const pattern = {
  test: (value: unknown) => typeof value === "string" && isChannelPattern(value),
  allowed: "a channel name, or the beginning of names and *, such as build/*",
  required: true,
};

export const agentFrameRules: { readonly [Type in AgentFrame["type"]]: FieldRules } = {
  join: { type: rule.exactly("join"), channel: pattern, group: name },
  commandAck: { type: rule.exactly("commandAck"), channel, cursor: { ...cursor, required: true } },
  answer: {
    type: rule.exactly("answer"),
    channel,
    id: requiredName,
    cursor,
    data: json,
    final: {
      test: (value) => typeof value === "boolean",
      allowed: "true or false",
      required: true,
    },
  },
  append: producerFrameRules.append,
  subscribe: viewerFrameRules.subscribe,
  /** Leaves what was joined, too. */
  unsubscribe: { type: rule.exactly("unsubscribe"), channel: pattern },
  ack: viewerFrameRules.ack,
  auth: viewerFrameRules.auth,
  ping: viewerFrameRules.ping,
};

/** Reads one frame of a viewer's socket, strictly. */
export function decodeViewerFrame(text: string): Result<ViewerFrame> {
  const parsed = parseObject(text, "The frame");
  return parsed.ok ? viewerFrameOf(parsed.value) : parsed;
}

/** The same for a frame that is parsed already. */
export function viewerFrameOf(value: Untrusted): Result<ViewerFrame> {
  const checked = checkFrame(value, viewerFrameRules);
  if (!checked.ok) return checked;
  return value["type"] === "subscribe" ? subscribeOf(value) : ok(value as unknown as ViewerFrame);
}

/** Reads one parsed frame of a producer's socket, strictly but for its entries. */
export function producerFrameOf(value: Untrusted): Result<ProducerFrame> {
  const checked = checkFrame(value, producerFrameRules);
  return checked.ok ? ok(value as unknown as ProducerFrame) : checked;
}

/** Reads one parsed frame of an agent's socket, strictly but for the entries of `append`. */
export function agentFrameOf(value: Untrusted): Result<AgentFrame> {
  const checked = checkFrame(value, agentFrameRules);
  if (!checked.ok) return checked;
  return value["type"] === "subscribe" ? subscribeOf(value) : ok(value as unknown as AgentFrame);
}

function checkFrame(value: Untrusted, rules: Readonly<Record<string, FieldRules>>): Result<true> {
  const type = value["type"];
  const fields = typeof type === "string" && Object.hasOwn(rules, type) ? rules[type] : undefined;
  if (fields === undefined) {
    const found = type === undefined ? "no type" : `type: ${quote(type)}`;
    return refuse("unknown_frame", `The frame has ${found}. Allowed: ${Object.keys(rules).join(", ")}.`);
  }
  const checked = checkFields(value, fields, `The ${String(type)} frame`);
  // A frame that may name many channels has the rule for it.
  if (!checked.ok || fields["channel"] === pattern || typeof value["channel"] !== "string") return checked;
  const name = parseChannelName(value["channel"]);
  return name.ok ? ok(true) : name;
}

function subscribeOf(value: Untrusted): Result<SubscribeFrame> {
  if (value["cursor"] !== undefined && value["last"] !== undefined) {
    return refuse("invalid_field", "The subscribe frame has both cursor and last. Allowed: one of them.");
  }
  if (isObject(value["filter"])) {
    const filter = decodeFilter(value["filter"]);
    if (!filter.ok) return filter;
  }
  return ok(value as unknown as SubscribeFrame);
}
