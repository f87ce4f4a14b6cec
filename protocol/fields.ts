import { quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";

/** An object from outside, not yet believed. */
export type Untrusted = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Untrusted {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One rule for one field: a test and, for the error sentence, what is allowed. */
export interface FieldRule {
  readonly test: (value: unknown) => boolean;
  readonly allowed: string;
  readonly required?: boolean;
}

export type FieldRules = Readonly<Record<string, FieldRule>>;

/**
 * Checks an object against its rules, strictly: an unknown field, a missing one or a wrong value is refused
 * with the field, what was found and what is allowed. `where` begins the sentence: "Entry 3".
 */
export function checkFields(value: Untrusted, rules: FieldRules, where: string): Result<true> {
  for (const name in value) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      return refuse(
        "unknown_field",
        `${where} has an unknown field ${quote(name)}. Known fields: ${Object.keys(rules).join(", ")}.`,
        { received: name.slice(0, 200) },
      );
    }
    const found = value[name];
    if (found === undefined ? rule.required === true : !rule.test(found)) {
      return refuse("invalid_field", `${where} has ${name}: ${quote(found)}. Allowed: ${rule.allowed}.`, {
        expected: rule.allowed,
      });
    }
  }
  for (const name in rules) {
    if (rules[name]?.required === true && value[name] === undefined) {
      return refuse("missing_field", `${where} has no ${name}. Needed: ${rules[name].allowed}.`);
    }
  }
  return ok(true);
}

/** Reads text as one JSON object. */
export function parseObject(text: string, where: string): Result<Untrusted> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("malformed_json", `${where} is not JSON: it begins with ${quote(text.slice(0, 40))}.`);
  }
  if (!isObject(value)) {
    return refuse("invalid_field", `${where} is ${quote(value)}. Allowed: a JSON object.`);
  }
  return ok(value);
}

export const rule = {
  text(maxChars: number, options: { min?: number; required?: boolean } = {}): FieldRule {
    const min = options.min ?? 1;
    return {
      test: (value) => typeof value === "string" && value.length >= min && value.length <= maxChars,
      allowed: `a string of ${min} to ${maxChars} characters`,
      required: options.required ?? false,
    };
  },
  integer(min: number, max: number, options: { required?: boolean } = {}): FieldRule {
    return {
      test: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
      allowed:
        max === Number.MAX_SAFE_INTEGER ? `an integer from ${min}` : `an integer from ${min} to ${max}`,
      required: options.required ?? false,
    };
  },
  oneOf(values: readonly string[], options: { required?: boolean } = {}): FieldRule {
    return {
      test: (value) => typeof value === "string" && values.includes(value),
      allowed: values.map((value) => JSON.stringify(value)).join(", "),
      required: options.required ?? false,
    };
  },
  exactly(value: string | boolean, options: { required?: boolean } = {}): FieldRule {
    return {
      test: (found) => found === value,
      allowed: JSON.stringify(value),
      required: options.required ?? false,
    };
  },
};
