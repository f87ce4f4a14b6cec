import { describe, expect, test } from "vitest";
import {
  coversPattern,
  type Grant,
  isGranted,
  isGrantedSome,
  parseGrant,
  readableBy,
  type Target,
  type Verb,
} from "../../worker/core/grants.ts";
import { parseClaims } from "../../worker/core/token_claims.ts";

function grant(text: string): Grant {
  const parsed = parseGrant(text);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.value;
}

describe("a grant's grammar", () => {
  test.each([
    "admin:*",
    "read:build/42",
    "write:build/*",
    "command:*/*",
    "serve:project/p1",
    "read:build/app-*",
    "read:*/app-*",
    "read:build/a:b@c.d_e-f",
  ])("%s is one", (text) => expect(grant(text).text).toBe(text));

  test.each([
    "",
    "*",
    "admin",
    "admin:build/*",
    "admin:*/*",
    "read",
    "read:",
    "read:build",
    "read:build/",
    "read:/42",
    "read:*",
    "READ:build/1",
    "delete:build/1",
    "read:Build/1",
    "read:bu*/1",
    "read:build/*a",
    "read:build/a*b",
    "read:build/**",
    "read:build/a/b",
    "read:build/a b",
    " read:build/1",
    "read:build/1 ",
    `read:build/${"x".repeat(129)}`,
    `read:${"k".repeat(33)}/1`,
    "x/y:read:build/1",
  ])("%j is none", (text) => {
    const parsed = parseGrant(text);
    expect(parsed).toMatchObject({ ok: false, problem: { code: "token_invalid" } });
    if (!parsed.ok) expect(parsed.problem.message).toContain("verb:kind/id");
  });
});

describe("what a grant allows", () => {
  const cases: readonly [grant: string, verb: Verb, target: Target, isAllowed: boolean][] = [
    ["read:build/42", "read", { kind: "build", id: "42" }, true],
    ["read:build/42", "read", { kind: "build", id: "421" }, false],
    ["read:build/42", "read", { kind: "task", id: "42" }, false],
    ["read:build/42", "write", { kind: "build", id: "42" }, false],
    ["write:build/*", "read", { kind: "build", id: "42" }, false],
    ["read:build/*", "read", { kind: "build", id: "x" }, true],
    ["read:build/app-*", "read", { kind: "build", id: "app-1" }, true],
    ["read:build/app-*", "read", { kind: "build", id: "app" }, false],
    ["read:*/x", "read", { kind: "task", id: "x" }, true],
    ["read:*/x", "read", { kind: "task", id: "y" }, false],
    ["admin:*", "serve", { kind: "task", id: "y" }, true],
    ["read:project/p", "read", { kind: "build", id: "1", project: "p" }, true],
    ["read:project/p", "read", { kind: "build", id: "1", project: "q" }, false],
    ["read:project/p", "read", { kind: "build", id: "1" }, false],
    ["read:project/p*", "read", { kind: "build", id: "1", project: "pq" }, true],
    ["read:project/p", "write", { kind: "build", id: "1", project: "p" }, false],
    ["read:project/p", "read", { kind: "project", id: "p" }, true],
    ["read:build/p", "read", { kind: "task", id: "1", project: "p" }, false],
  ];
  test.each(cases)("%s asked to %s %j: %s", (text, verb, target, isAllowed) => {
    expect(isGranted([grant(text)], verb, target)).toBe(isAllowed);
  });

  test("nothing is granted by no grant", () => {
    expect(isGranted([], "read", { kind: "build", id: "1" })).toBe(false);
  });

  test("what may be read is told to the directory", () => {
    const grants = ["read:build/*", "write:task/*", "read:project/shop"].map(grant);
    expect(readableBy(grants)).toEqual({ channels: ["build/*", "project/shop"], projects: ["shop"] });
    expect(readableBy([grant("admin:*")]).channels).toEqual(["*/*"]);
  });
});

describe("claims", () => {
  test("are read from a payload", () => {
    expect(parseClaims({ sub: "ada", exp: 12.5, grants: ["read:build/*"], extra: 1 })).toMatchObject({
      ok: true,
      value: { subject: "ada", expiresAt: 12_500, grants: [{ verb: "read", kind: "build" }] },
    });
    expect(parseClaims({ sub: "ada", exp: 1 })).toMatchObject({ ok: true, value: { grants: [] } });
  });
  test.each([
    null,
    {},
    { sub: "", exp: 1 },
    { sub: "a" },
    { sub: "a", exp: "1" },
    { sub: "a", exp: 1, tenant: "" },
    { sub: "a", exp: 1, tenant: "../x" },
    { sub: "a", exp: 1, grants: {} },
    { sub: "a", exp: 1, grants: [1] },
    { sub: "a", exp: 1, grants: ["read:build/1", "nonsense"] },
  ])("%j is refused", (payload) => {
    expect(parseClaims(payload)).toMatchObject({ ok: false, problem: { code: "token_invalid" } });
  });
});

describe("what an agent may join", () => {
  const covers = (text: string, pattern: string) => coversPattern([grant(text)], "serve", pattern);

  test("[JOIN1] a pattern needs one grant that is as broad or broader", () => {
    for (const text of ["serve:build/*", "serve:*/*", "admin:*"]) {
      expect(covers(text, "build/*")).toBe(true);
      expect(covers(text, "build/app-*")).toBe(true);
      expect(covers(text, "build/42")).toBe(true);
    }
    for (const text of ["serve:build/app-*", "serve:*/app-*", "serve:*/a*"]) {
      expect(covers(text, "build/*")).toBe(false);
      expect(covers(text, "build/app-*")).toBe(true);
      expect(covers(text, "build/app-web-*")).toBe(true);
      expect(covers(text, "build/app-1")).toBe(true);
    }
    expect(covers("serve:build/app-*", "build/ap*")).toBe(false);
    expect(covers("serve:build/42", "build/42*")).toBe(false);
    expect(covers("serve:build/42", "build/42")).toBe(true);
    expect(covers("serve:task/*", "build/*")).toBe(false);
    for (const verb of ["read", "write", "command"]) expect(covers(`${verb}:build/*`, "build/*")).toBe(false);
    expect(coversPattern([grant("serve:build/a*"), grant("serve:build/b*")], "serve", "build/*")).toBe(false);
    expect(coversPattern([], "serve", "build/*")).toBe(false);
  });

  test("[JOIN2] a grant on projects covers the names of project channels and no others", () => {
    expect(covers("serve:project/*", "project/*")).toBe(true);
    expect(covers("serve:project/*", "build/*")).toBe(false);
    expect(covers("serve:project/p1", "project/p1*")).toBe(false);
  });

  test("[JOIN3] an agent is who may serve anything", () => {
    expect(isGrantedSome([grant("serve:task/1")], "serve")).toBe(true);
    expect(isGrantedSome([grant("admin:*")], "serve")).toBe(true);
    expect(isGrantedSome([grant("read:*/*"), grant("command:*/*")], "serve")).toBe(false);
    expect(isGrantedSome([], "serve")).toBe(false);
  });
});
