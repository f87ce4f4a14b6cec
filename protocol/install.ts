import { quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import type { JsonObject } from "./entry.ts";

/** What an `install` asks of a runner: a key that the runner knows, and parameters that no shell ever reads. */

const keyName = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;
const parameterName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const maxParameters = 64;
const maxChars = 1_024;

/** A line's end, or what a shell would read as more than text. */
const refused = /[;|&$`<>(){}\\"'\u0000-\u001f\u007f-\u009f]/;
const allowedText = `a text of at most ${maxChars} characters without ; | & $ \` < > ( ) { } \\ quotes, newlines and control characters`;

/** Whether a runner may know an install by this key. */
export function isInstallKey(text: string): boolean {
  return keyName.test(text);
}

/** Whether an install may have a parameter of this name. */
export function isParameterName(text: string): boolean {
  return parameterName.test(text);
}

/** Checks the data of an `install`: `{key, version?, …parameters}`. */
export function checkInstall({ key, ...parameters }: JsonObject): Result<true> {
  if (key === undefined) {
    return refuse("missing_field", `The install has no key. Needed: ${allowedKey}.`);
  }
  if (typeof key !== "string" || !isInstallKey(key)) return invalid("key", key, allowedKey);
  const names = Object.keys(parameters);
  if (names.length > maxParameters) {
    return refuse(
      "invalid_field",
      `The install has ${names.length} parameters. Allowed: at most ${maxParameters}.`,
    );
  }
  for (const name of names) {
    if (!isParameterName(name)) {
      return refuse(
        "invalid_field",
        `The install has a parameter named ${quote(name)}. Allowed: names that match [A-Za-z_][A-Za-z0-9_-]{0,63}.`,
      );
    }
    const checked = checkParameter(name, parameters[name]);
    if (!checked.ok) return checked;
  }
  return ok(true);
}

const allowedKey = "a key that matches [A-Za-z0-9][A-Za-z0-9._@+-]{0,127}";

function checkParameter(name: string, value: unknown): Result<true> {
  if (typeof value === "number" || typeof value === "boolean") return ok(true);
  if (typeof value !== "string") return invalid(name, value, "a text, a number, true or false");
  if (value.length > maxChars) return invalid(name, value, allowedText);
  const found = refused.exec(value)?.[0];
  if (found === undefined) return ok(true);
  return refuse(
    "invalid_field",
    `The install has ${name}: ${quote(value)}, with ${quote(found)} in it. Allowed: ${allowedText}.`,
    { expected: allowedText },
  );
}

function invalid(name: string, found: unknown, allowed: string): Result<never> {
  return refuse("invalid_field", `The install has ${name}: ${quote(found)}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
