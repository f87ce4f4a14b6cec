import { isChannelId, isKind, ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** What a token may do to a channel. */
export const verbs = ["read", "write", "command", "serve"] as const;
export type Verb = (typeof verbs)[number];

/** A part of a grant: any, one name, or what begins with a prefix. */
export type NamePattern =
  | { readonly match: "any" }
  | { readonly match: "exact"; readonly name: string }
  | { readonly match: "prefix"; readonly prefix: string };

/** One grant: `admin:*`, or a verb on the channels whose kind and id match. */
export type Grant =
  | { readonly text: string; readonly verb: "admin" }
  | { readonly text: string; readonly verb: Verb; readonly kind: string; readonly id: NamePattern };

const grammar =
  "A grant is verb:kind/id with verb read, write, command or serve, kind a name or *, id a name, * or a prefix ending in *; or admin:*";

/** Reads one grant, strictly (design 5). */
export function parseGrant(text: string): Result<Grant> {
  if (text === "admin:*") return ok({ text, verb: "admin" });
  const colon = text.indexOf(":");
  const slash = text.indexOf("/", colon);
  const verb = verbs.find((known) => known === text.slice(0, colon));
  const kind = text.slice(colon + 1, slash);
  const id = parseIdPattern(text.slice(slash + 1));
  if (colon < 0 || slash < 0 || verb === undefined || id === null || !(kind === "*" || isKind(kind))) {
    return refuse("token_invalid", `The token has the grant ${quote(text)}. ${grammar}.`);
  }
  return ok({ text, verb, kind, id });
}

function parseIdPattern(text: string): NamePattern | null {
  if (text === "*") return { match: "any" };
  if (!text.endsWith("*")) return isChannelId(text) ? { match: "exact", name: text } : null;
  const prefix = text.slice(0, -1);
  return isChannelId(prefix) ? { match: "prefix", prefix } : null;
}

/** What a grant is asked about. */
export interface Target {
  readonly kind: string;
  readonly id: string;
  /** The project that the channel belongs to, where it has one. */
  readonly project?: string | undefined;
}

/** Whether the grants allow `verb` on the channel, by its name or by its project. */
export function isGranted(grants: readonly Grant[], verb: Verb, target: Target): boolean {
  return grants.some((grant) => {
    if (grant.verb === "admin") return true;
    if (grant.verb !== verb) return false;
    return (
      (matchesKind(grant.kind, target.kind) && matchesName(grant.id, target.id)) ||
      (target.project !== undefined && grant.kind === "project" && matchesName(grant.id, target.project))
    );
  });
}

/** Whether `verb` is allowed on anything at all. */
export function isGrantedSome(grants: readonly Grant[], verb: Verb): boolean {
  return grants.some((grant) => grant.verb === "admin" || grant.verb === verb);
}

/**
 * Whether `verb` is allowed on every channel whose name a pattern matches: `build/*`, `build/app-*`. One grant must
 * be as broad as the pattern, or broader; a project's says nothing of names.
 */
export function coversPattern(grants: readonly Grant[], verb: Verb, pattern: string): boolean {
  const slash = pattern.indexOf("/");
  const kind = pattern.slice(0, slash);
  const asked = parseIdPattern(pattern.slice(slash + 1));
  if (asked === null) return false;
  return grants.some((grant) => {
    if (grant.verb === "admin") return true;
    return grant.verb === verb && matchesKind(grant.kind, kind) && coversName(grant.id, asked);
  });
}

function coversName(pattern: NamePattern, asked: NamePattern): boolean {
  switch (asked.match) {
    case "any":
      return pattern.match === "any";
    case "exact":
      return matchesName(pattern, asked.name);
    case "prefix":
      return pattern.match !== "exact" && matchesName(pattern, asked.prefix);
  }
}

/** Whether some project's grant could allow `verb`, so that the channel's project must be known. */
export function needsProject(grants: readonly Grant[], verb: Verb): boolean {
  return grants.some((grant) => grant.verb === verb && grant.kind === "project");
}

/** What is of the whole tenant is for `admin:*` alone. */
export function requireAdmin(grants: readonly Grant[]): Result<true> {
  if (grants.some((grant) => grant.verb === "admin")) return ok(true);
  return refuse("forbidden", `This needs the grant admin:*. ${describeGrants(grants)}`, {
    expected: "admin:*",
  });
}

function matchesKind(pattern: string, kind: string): boolean {
  return pattern === "*" || pattern === kind;
}

function matchesName(pattern: NamePattern, name: string): boolean {
  switch (pattern.match) {
    case "any":
      return true;
    case "exact":
      return pattern.name === name;
    case "prefix":
      return name.startsWith(pattern.prefix);
  }
}

/** What may be read: channel patterns as in grants (`build/*`, `build/app-*`, `build/42`) and projects. */
export interface Readable {
  readonly channels: readonly string[];
  readonly projects: readonly string[];
}

export function readableBy(grants: readonly Grant[]): Readable {
  const channels: string[] = [];
  const projects: string[] = [];
  for (const grant of grants) {
    if (grant.verb === "admin") channels.push("*/*");
    if (grant.verb !== "read") continue;
    channels.push(grant.text.slice("read:".length));
    if (grant.kind === "project") projects.push(grant.text.slice("read:project/".length));
  }
  return { channels, projects };
}

/** Refuses with the grant that was needed and those that were found. */
export function refuseUngranted(grants: readonly Grant[], verb: Verb, channel: string): Result<never> {
  const mayBeInOne = needsProject(grants, verb) && !channel.startsWith("project/");
  const ofProject = mayBeInOne ? ", or the same on its project" : "";
  return refuse(
    "forbidden",
    `This needs the grant ${verb}:${channel}${ofProject}. ${describeGrants(grants)}`,
    {
      expected: `${verb}:${channel}`,
    },
  );
}

/** Names at most ten: a token may have hundreds. */
export function describeGrants(grants: readonly Grant[]): string {
  if (grants.length === 0) return "The token grants nothing.";
  const named = grants.slice(0, 10).map((grant) => grant.text.slice(0, 200));
  const more = grants.length > named.length ? ` and ${grants.length - named.length} more` : "";
  return `The token grants ${named.join(", ")}${more}.`;
}
