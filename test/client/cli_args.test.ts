import { describe, expect, test } from "vitest";
import { parseChannelArg } from "../../client/cli/channel_arg.ts";
import { wantsColor } from "../../client/cli/color.ts";
import { type Command, readArgs } from "../../client/cli/command.ts";
import { parseGrant } from "../../client/cli/grant.ts";
import { isLoopback } from "../../client/cli/target.ts";
import { parseDuration } from "../../client/cli/values.ts";

const command: Command = {
  usage: "",
  about: "",
  options: {
    name: { type: "string", help: "" },
    many: { type: "string", multiple: true, help: "" },
    on: { type: "boolean", help: "" },
  },
  examples: [],
  exits: [],
  takesProgram: true,
  run: () => Promise.resolve(0),
};

describe("arguments", () => {
  test("what follows after the first -- is the program's, untouched", () => {
    const args = readArgs(command, ["build/1", "--on", "--", "npm", "--name", "--", "-x"]);
    expect(args.positionals).toEqual(["build/1"]);
    expect(args.program).toEqual(["npm", "--name", "--", "-x"]);
    expect(args.flag("on")).toBe(true);
  });

  test("an unknown option, a missing value and a superfluous one are refused with a sentence", () => {
    expect(() => readArgs(command, ["--nmae", "x"])).toThrow(/^Unknown option '--nmae'\.$/);
    expect(() => readArgs(command, ["--name"])).toThrow(/'--name <value>' argument missing/);
    expect(() => readArgs(command, ["--on=yes"])).toThrow(/'--on' does not take an argument/);
  });

  test("numbers, words and counts say what is allowed", () => {
    expect(() => readArgs(command, ["--name", "1e3"]).integer("name", 0, 9)).toThrow(/from 0 to 9/);
    expect(readArgs(command, ["--name", "7"]).integer("name", 0, 9)).toBe(7);
    expect(() => readArgs(command, ["--name", "c"]).oneOf("name", ["a", "b"], "a")).toThrow(/Allowed: a, b/);
    expect(() => readArgs(command, ["x", "y"]).only("The channel")).toThrow(/one argument and there are 2/);
    expect(() => readArgs(command, []).only("The channel")).toThrow(/^The channel is missing\.$/);
  });

  test.each([
    ["500ms", 500],
    ["5s", 5_000],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
  ])("a duration %s is %d ms", (text, ms) => {
    expect(parseDuration("--ttl", text)).toBe(ms);
  });

  test.each(["", "5", "-1s", "1.5h", "1w", "9999999999s"])("%o is not a duration", (text) => {
    expect(() => parseDuration("--ttl", text)).toThrow(/Allowed: a number and ms, s, m, h or d/);
  });
});

describe("channels and grants", () => {
  test("an id alone is a build", () => {
    expect(parseChannelArg("42")).toMatchObject({ ok: true, value: { kind: "build", id: "42" } });
    expect(parseChannelArg("plugin/web")).toMatchObject({ ok: true, value: { name: "plugin/web" } });
    expect(parseChannelArg("Build/4 2")).toMatchObject({ ok: false });
  });

  test.each(["admin:*", "read:*/*", "write:build/*", "serve:task/app-*", "command:build/4.7:1@x"])(
    "%s is a grant",
    (text) => expect(parseGrant(text).ok).toBe(true),
  );

  test.each([
    "",
    "admin",
    "admin:build/*",
    "write:build",
    "wite:build/*",
    "read:Build/1",
    "read:build/*x",
    "read:build/",
  ])("%o is none, and the grammar is told", (text) => {
    const parsed = parseGrant(text);
    expect(parsed.ok ? "" : parsed.problem.message).toMatch(/is not a grant\. A grant is verb:kind\/id/);
  });
});

describe("surroundings", () => {
  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [false, { FORCE_COLOR: "1" }, true],
    [false, { CLICOLOR_FORCE: "0" }, false],
    [true, { TERM: "dumb" }, false],
  ])("colour with terminal %s and %o: %s", (isTerminal, env, wanted) => {
    expect(wantsColor(isTerminal, env)).toBe(wanted);
  });

  test.each([
    ["http://127.0.0.1:8787", true],
    ["http://localhost", true],
    ["http://[::1]:1", true],
    ["http://127.0.0.1.example.com", false],
    ["https://gateway.example.com", false],
    ["http://10.0.0.1", false],
  ])("the machine's own secret is used for %s: %s", (url, isOwn) => {
    expect(isLoopback(new URL(url))).toBe(isOwn);
  });
});
