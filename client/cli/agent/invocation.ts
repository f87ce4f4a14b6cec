import { checkInstall } from "../../../protocol/install.ts";
import { isObject, type Json, type JsonObject, quote } from "../../../protocol/mod.ts";
import type { InstallRule, InstallRules, ParameterRule } from "./config.ts";

/** How a script is called for one install: no shell reads any of it. */
export interface Invocation {
  readonly rule: InstallRule;
  readonly args: readonly string[];
  /** Beside what the rule gives: variables made of parameters. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Why an install is not run. */
export interface NotAllowed {
  readonly code: "key_not_allowed" | "parameter_not_allowed";
  readonly message: string;
}

export type Allowed =
  | { readonly ok: true; readonly value: Invocation }
  | { readonly ok: false; readonly problem: NotAllowed };

/** Reads an install by the rules. What the gateway should have refused is refused here too: nobody is believed. */
export function invocationOf(rules: InstallRules, data: Json): Allowed {
  const install = isObject(data) ? (data as JsonObject) : {};
  const { key, ...given } = install;
  const rule = typeof key === "string" ? rules.get(key) : undefined;
  if (rule === undefined) {
    return refuse("key_not_allowed", `This runner has no install ${quote(key)}`, namesOf(rules));
  }
  const checked = checkInstall(install);
  if (!checked.ok) {
    const { message } = checked.problem;
    return { ok: false, problem: { code: "parameter_not_allowed", message } };
  }
  return refuseParameters(rule, given) ?? { ok: true, value: callOf(rule, given) };
}

function refuseParameters(rule: InstallRule, given: JsonObject): Allowed | null {
  for (const [name, value] of Object.entries(given)) {
    const parameter = rule.parameters.get(name);
    if (parameter === undefined) {
      const found = `${rule.key} takes no parameter ${quote(name)}`;
      return refuse("parameter_not_allowed", found, namesOf(rule.parameters));
    }
    const allowed = whyNot(parameter, String(value));
    if (allowed === null) continue;
    return refuse("parameter_not_allowed", `${rule.key} was given ${name}: ${quote(value)}`, allowed);
  }
  for (const [name, { isRequired }] of rule.parameters) {
    if (!isRequired || Object.hasOwn(given, name)) continue;
    return refuse("parameter_not_allowed", `${rule.key} was given no ${name}`, `an install with ${name}`);
  }
  return null;
}

/** What is allowed instead; null: the value is. */
function whyNot({ as, name, pattern, values }: ParameterRule, value: string): string | null {
  if (values?.includes(value) === false) return values.map(quote).join(", ");
  if (pattern?.test(value) === false) return `what matches ${pattern.source.slice(4, -2)}`;
  const standsAlone = as === "argument" && !name.endsWith("=");
  // A script would take it for an option of its own.
  return standsAlone && value.startsWith("-") ? "an argument that does not begin with -" : null;
}

function callOf(rule: InstallRule, given: JsonObject): Invocation {
  const args = [...rule.args];
  const environment: Record<string, string> = {};
  for (const [name, parameter] of rule.parameters) {
    const value = Object.hasOwn(given, name) ? String(given[name]) : null;
    if (value === null) continue;
    if (parameter.as === "environment") environment[parameter.name] = value;
    else if (parameter.name.endsWith("=")) args.push(`${parameter.name}${value}`);
    else if (parameter.name === "") args.push(value);
    else args.push(parameter.name, value);
  }
  return { rule, args, environment };
}

function refuse(code: NotAllowed["code"], found: string, allowed: string): Allowed {
  return { ok: false, problem: { code, message: `${found}. Allowed: ${allowed}.` } };
}

function namesOf(map: ReadonlyMap<string, unknown>): string {
  return map.size === 0 ? "none" : [...map.keys()].join(", ");
}
