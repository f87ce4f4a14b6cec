import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "smol-toml";
import { isObject, type Untrusted } from "../../../protocol/mod.ts";
import { CliError, messageOf } from "../exit.ts";

/** What of `wrangler.toml` a gateway on this machine needs: the same file that a deployment is made from. */
export interface WorkerConfig {
  readonly name: string;
  /** Absolute. */
  readonly entry: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  /** Class names by binding. */
  readonly durableObjects: Readonly<Record<string, string>>;
  readonly sqliteClasses: ReadonlySet<string>;
  readonly assets: { readonly directory: string; readonly binding: string } | null;
}

export function readWorkerConfig(path: string): WorkerConfig {
  const config = parseToml(path);
  const folder = dirname(path);
  const assets = isObject(config["assets"]) ? config["assets"] : null;
  return {
    name: text(config, "name", path),
    entry: resolve(folder, text(config, "main", path)),
    compatibilityDate: text(config, "compatibility_date", path),
    compatibilityFlags: texts(config["compatibility_flags"]),
    vars: readVars(config["vars"]),
    durableObjects: readBindings(config["durable_objects"], path),
    sqliteClasses: new Set(
      objects(config["migrations"]).flatMap((step) => texts(step["new_sqlite_classes"])),
    ),
    assets: assets && {
      directory: resolve(folder, text(assets, "directory", path)),
      binding: text(assets, "binding", path),
    },
  };
}

function parseToml(path: string): Untrusted {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function readVars(vars: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(isObject(vars) ? vars : {}).map(([k, v]) => [k, String(v)]));
}

function readBindings(durableObjects: unknown, path: string): Record<string, string> {
  const bindings = objects(isObject(durableObjects) ? durableObjects["bindings"] : undefined);
  return Object.fromEntries(
    bindings.map((binding) => [text(binding, "name", path), text(binding, "class_name", path)]),
  );
}

function text(from: Untrusted, key: string, path: string): string {
  const value = from[key];
  if (typeof value === "string") return value;
  throw new CliError(`${path} has ${key} = ${JSON.stringify(value)}. Needed: a string.`);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function objects(value: unknown): Untrusted[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
