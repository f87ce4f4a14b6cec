import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InstallRules, parseConfig, readConfig } from "../../client/cli/agent/config.ts";
import { type Invocation, invocationOf } from "../../client/cli/agent/invocation.ts";
import { environmentOf } from "../../client/cli/agent/script.ts";
import { CliError } from "../../client/cli/exit.ts";
import type { Json } from "../../protocol/mod.ts";

/** [RULE] a runner runs what its file allows, and nothing else. */

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
  file = join(folder, "agent.toml");
  mkdirSync(join(folder, "srv"));
  writeFileSync(join(folder, "nginx.sh"), "#!/bin/sh\n");
  writeFileSync(join(folder, "plain.txt"), "");
  chmodSync(join(folder, "nginx.sh"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const whole = `
[install.nginx]
script = "./nginx.sh"
args = ["--quiet", "two words"]
cwd = "srv"
timeoutSeconds = 60
env = ["TZ"]
environment = { MODE = "fast" }
[install.nginx.parameters]
version = { as = "argument", name = "--version", pattern = '\\d+\\.\\d+\\.\\d+', required = true }
port = { as = "environment", name = "NGINX_PORT", values = [80, 8080] }
user = { as = "argument", name = "--user=", pattern = '.*' }
site = { as = "argument", pattern = '[\\w. -]+' }
[install."php-8.3"]
script = "nginx.sh"
`;

function allowed(rules: InstallRules, data: Json): Invocation {
  const result = invocationOf(rules, data);
  if (!result.ok) throw new Error(result.problem.message);
  return result.value;
}

describe("the configuration", () => {
  test("[RULE1] is read whole, with paths relative to it", () => {
    const rules = parseConfig(whole, file);
    expect([...rules.keys()]).toEqual(["nginx", "php-8.3"]);
    expect(rules.get("nginx")).toMatchObject({
      script: join(folder, "nginx.sh"),
      cwd: join(folder, "srv"),
      timeoutMs: 60_000,
      passes: ["TZ"],
    });
    expect(rules.get("php-8.3")).toMatchObject({ cwd: folder, args: [], timeoutMs: 3_600_000 });
  });

  const rule = (lines: string) => `[install.a]\nscript = "nginx.sh"\n${lines}`;
  const parameter = (line: string) => rule(`[install.a.parameters]\nx = ${line}`);
  test.each<[what: string, text: string, says: readonly string[]]>([
    ["nothing", "", ["allows no install", "[install.KEY]"]],
    ["no TOML", "= 1", ["is not TOML"]],
    ["an unknown table", "[other]\n", ["other", "only install"]],
    ["an unknown key", rule("shell = true"), ["install.a.shell = true", "only script, args"]],
    ["no script", "[install.a]\n", ["has no install.a.script", "a text"]],
    ["a script that is not there", '[install.a]\nscript = "no.sh"', ['"no.sh"', "an executable file"]],
    ["a script that is not executable", '[install.a]\nscript = "plain.txt"', ["an executable file"]],
    ["a script that is a folder", '[install.a]\nscript = "srv"', ["it is no file"]],
    ["an install that is no table", "[install]\na = 1", ["install.a = 1", "a table"]],
    ["a key that is none", '[install."../a"]\nscript = "x"', ["[install.../a]", "A-Za-z0-9"]],
    ["args that are no list", rule('args = "x"'), ["install.a.args", "a list of texts"]],
    ["args with NUL", rule('args = ["a\\u0000b"]'), ["without NUL"]],
    ["a cwd that is not there", rule('cwd = "none"'), ["install.a.cwd", "a folder"]],
    ["a time of 0", rule("timeoutSeconds = 0"), ["= 0", "from 1 to 604800"]],
    ["a time that is a fraction", rule("timeoutSeconds = 1.5"), ["from 1 to"]],
    [
      "the token passed on",
      rule('env = ["TAILRACE_TOKEN"]'),
      ["install.a.env", "do not begin with TAILRACE_"],
    ],
    ["a variable that is none", rule('environment = { "A B" = "x" }'), ["install.a.environment"]],
    ["a variable that is no text", rule("environment = { A = 1 }"), ["install.a.environment.A = 1"]],
    ["a parameter without as", parameter("{ pattern = 'a' }"), ["install.a.parameters.x.as", "argument or"]],
    [
      "a parameter that allows all",
      parameter('{ as = "argument" }'),
      ["pattern", "is not said to be allowed"],
    ],
    ["a pattern that is none", parameter("{ as = \"argument\", pattern = '(' }"), ["a regular expression"]],
    ["a pattern of halves", parameter("{ as = \"argument\", pattern = 'a)|(b' }"), ["a regular expression"]],
    ["values that are none", parameter('{ as = "argument", values = [] }'), ["x.values", "a list"]],
    [
      "no variable's name",
      parameter("{ as = \"environment\", pattern = 'a' }"),
      ["x.name", "names of variables"],
    ],
    ["a parameter named key", rule("[install.a.parameters]\nkey = {}"), ["parameters.key", "other than key"]],
  ])("[RULE2] %s is refused, with its place and what is allowed", (_, text, says) => {
    const read = () => parseConfig(text, file);
    expect(read).toThrow(CliError);
    for (const each of [file, ...says]) expect(read).toThrow(each);
  });

  test("[RULE3] a file that is not there is named", () => {
    expect(() => readConfig(join(folder, "none.toml"))).toThrow(join(folder, "none.toml"));
  });
});

describe("an install", () => {
  test("[RULE4] becomes arguments and variables, in the file's order, each whole", () => {
    const rules = parseConfig(whole, file);
    const call = allowed(rules, { key: "nginx", site: "my site", port: 80, user: "--x", version: "1.28.0" });
    expect(call.args).toEqual(["--quiet", "two words", "--version", "1.28.0", "--user=--x", "my site"]);
    const env = { PATH: "/bin", HOME: "/h", LANG: "C", TZ: "UTC", TAILRACE_TOKEN: "t", SECRET: "s" };
    expect(environmentOf(call, env)).toEqual({
      ...{ PATH: "/bin", HOME: "/h", LANG: "C", TZ: "UTC" },
      ...{ MODE: "fast", NGINX_PORT: "80" },
    });
    expect(allowed(rules, { key: "php-8.3" }).args).toEqual([]);
  });

  test.each<[data: Json, code: string, says: string]>([
    [{ key: "redis", version: "1.0.0" }, "key_not_allowed", '"redis". Allowed: nginx, php-8.3.'],
    [{ version: "1.0.0" }, "key_not_allowed", "nginx"],
    [{ key: 1 }, "key_not_allowed", "nginx"],
    ["nginx", "key_not_allowed", "nginx"],
    [{ key: "__proto__" }, "key_not_allowed", "nginx"],
    [{ key: "nginx" }, "parameter_not_allowed", "no version"],
    [{ key: "nginx", version: "1.28" }, "parameter_not_allowed", "Allowed: what matches \\d+\\.\\d+\\.\\d+."],
    [{ key: "nginx", version: "1.28.0\n" }, "parameter_not_allowed", "newlines"],
    [{ key: "nginx", version: "1.28.0", port: 81 }, "parameter_not_allowed", 'Allowed: "80", "8080".'],
    [{ key: "nginx", version: "1.28.0", site: "-rf" }, "parameter_not_allowed", "does not begin with -"],
    [{ key: "nginx", version: "1.28.0", user: "; rm -rf /" }, "parameter_not_allowed", "without ; |"],
    [{ key: "nginx", version: "1.28.0", user: "$(id)" }, "parameter_not_allowed", "without ; |"],
    [{ key: "nginx", version: "1.28.0", other: 1 }, "parameter_not_allowed", "version, port, user, site"],
    [{ key: "nginx", version: ["1.28.0"] }, "parameter_not_allowed", "a text, a number"],
    [{ key: "php-8.3", version: "8.3" }, "parameter_not_allowed", "Allowed: none."],
  ])("[RULE5] %j is refused", (data, code, says) => {
    const result = invocationOf(parseConfig(whole, file), data);
    expect(result).toMatchObject({ ok: false, problem: { code } });
    expect(result.ok ? "" : result.problem.message).toContain(says);
  });
});
