import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findHostile } from "../../protocol/hostile_content.ts";
import { checkAnswer, checkCommand, limits, problemTable, taskName } from "../../protocol/mod.ts";

const strict = { allowsHostile: false };
const codeOf = (kind: string, name: string, data?: unknown, rules = strict): string => {
  const checked = checkCommand(kind, { id: "c-1", name, data }, rules);
  return checked.ok ? "ok" : checked.problem.code;
};
/** What arrives of a value as JSON. */
const asSent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const install = (parameters: Record<string, unknown>) =>
  checkCommand("task", { id: "c-1", name: "install", data: asSent({ key: "nginx", ...parameters }) }, strict);

describe("what commands a channel's kind takes", () => {
  test("[KND1] a task takes install alone, a session its four, every other kind any name", () => {
    expect(codeOf("task", "install", { key: "nginx", version: "1.26" })).toBe("ok");
    expect(codeOf("task", "pause", {})).toBe("unknown_command");
    for (const name of ["start_session", "pause_session", "resume_session", "user_input"]) {
      expect(codeOf("session", name)).toBe("ok");
    }
    expect(codeOf("session", "install", {})).toBe("unknown_command");
    for (const kind of ["project", "build", "toString"]) {
      expect(codeOf(kind, "user_feedback", { text: "hello" })).toBe("ok");
      expect(codeOf(kind, "anything at all", {})).toBe("ok");
    }
    expect(taskName("task/1")).toBe("install");
    expect(taskName("build/1")).toBeNull();
  });

  test("[KND2] data is an object, empty where it is left out, and kept as JSON text", () => {
    expect(checkCommand("session", { id: "a", name: "user_input" }, strict)).toEqual({
      ok: true,
      value: { id: "a", name: "user_input", data: "{}" },
    });
    for (const data of [null, 1, "text", [], [{}]])
      expect(codeOf("project", "x", data)).toBe("invalid_field");
    expect(codeOf("session", "user_input", "text")).toBe("invalid_field");
    expect(codeOf("session", "user_input", JSON.parse('{"a":1e400}'))).toBe("invalid_field");
    const deep = JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`) as unknown;
    expect(codeOf("session", "user_input", deep)).toBe("invalid_field");
  });

  test("[KND3] lone surrogates become U+FFFD, in keys and names too", () => {
    const data = JSON.parse('{"\\ud800":"\\udc00"}') as unknown;
    expect(checkCommand("build", { id: "\ud800", name: "n\udc00", data, group: "g\ud800" }, strict)).toEqual({
      ok: true,
      value: { id: "\ufffd", name: "n\ufffd", data: '{"\ufffd":"\ufffd"}', group: "g\ufffd" },
    });
  });

  test("[KND4] data has at most commandBytes of JSON, an answer too", () => {
    const data = { text: "x".repeat(limits.commandBytes - '{"text":""}'.length) };
    expect(codeOf("project", "x", data)).toBe("ok");
    expect(codeOf("project", "x", { text: `${data.text}x` })).toBe("command_too_large");
    expect(checkAnswer(data).ok).toBe(true);
    expect(checkAnswer({ text: `${data.text}ü` })).toMatchObject({
      problem: { code: "command_too_large", expected: limits.commandBytes },
    });
    expect(problemTable.command_too_large.status).toBe(413);
  });

  test.each([
    ";",
    "|",
    "&",
    "$",
    "`",
    "<",
    ">",
    "(",
    ")",
    "{",
    "}",
    "\\",
    '"',
    "'",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u0085",
  ])("[KND5] an install's parameter with %j is refused, saying which and what is allowed", (character) => {
    const refused = install({ version: `1${character}2` });
    expect(refused).toMatchObject({ ok: false, problem: { code: "invalid_field" } });
    if (refused.ok) return;
    expect(refused.problem.message).toContain(`version`);
    expect(refused.problem.message).toContain(`with ${JSON.stringify(character)} in it`);
    expect(refused.problem.expected).toContain("without ; | & $");
    const allowing = { id: "c", name: "install", data: { key: "a", version: `1${character}` } };
    expect(checkCommand("task", allowing, { allowsHostile: true }).ok).toBe(false);
  });

  test.each([
    [{ key: undefined }, "missing_field"],
    [{ key: "" }, "invalid_field"],
    [{ key: "../nginx" }, "invalid_field"],
    [{ key: "a b" }, "invalid_field"],
    [{ key: 1 }, "invalid_field"],
    [{ version: ["1"] }, "invalid_field"],
    [{ version: null }, "invalid_field"],
    [{ "a b": "1" }, "invalid_field"],
    [{ "-x": "1" }, "invalid_field"],
    [{ version: "x".repeat(1_025) }, "invalid_field"],
    [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, 1])), "invalid_field"],
  ])("[KND6] the install %j is refused: %s", (parameters, code) => {
    expect(install(parameters)).toMatchObject({ ok: false, problem: { code } });
  });

  test("[KND7] an install's parameters are texts, numbers and flags; a group of a task is a name", () => {
    expect(install({ version: "1.26.2-rc1+b", port: 8080, force: true, note: "日本語 ok" }).ok).toBe(true);
    const grouped = (group: string) =>
      checkCommand("task", { id: "c", name: "install", data: { key: "a" }, group }, strict).ok;
    expect(grouped("host-1.example")).toBe(true);
    expect(grouped("host 1; rm")).toBe(false);
  });
});

describe("hostile content", () => {
  const hostile: readonly string[] = [
    "<script>alert(1)</script>",
    "a<SCRIPT src=x>",
    "</script >",
    "<img src=x onerror=alert(1)>",
    "<img src=x OnError = 'a'>",
    "<svg/onload=alert(1)>",
    "<a title='>' onclick=1>",
    "<img onerror=alert(1) ",
    '<a x="1"onclick=2>',
    '<a b="<img onerror=1>',
    "<a b='<img onerror=1>",
    "<x y=/onclick=1 onclick=2>",
    "javascript:alert(1)",
    " JaVaScRiPt:x",
    "java\tscript:alert(1)",
    "java\nscript\n:alert(1)",
    "j\u200bavascript:1",
    "[x](javascript:1)",
    "java&#115;cript:1",
    "jav&#x09;ascript:1",
    "javascript&colon;1",
    "abc\u202edef",
    "\u2066x",
    "bell\u0007",
    "\r",
    "\u0085",
    "\u0000",
  ];

  test.each(hostile)("[HOS1] %j is found in values and in keys, however deep", (text) => {
    expect(codeOf("project", "user_feedback", { text })).toBe("hostile_content");
    expect(codeOf("project", "user_feedback", { a: [{ [text]: 1 }] })).toBe("hostile_content");
    expect(codeOf("build", "x", { a: [[{ b: ["fine", text] }]] })).toBe("hostile_content");
    expect(codeOf("build", `x ${text}`, {})).toBe("hostile_content");
  });

  test.each([
    "on=1 and onclick=2, outside of tags",
    "a < b && c > d onclick=3",
    "if (a<=b) onload = 1",
    "<b>bold</b> onclick=1",
    '<a title="x onclick=1">',
    "日本語の<テスト>、onerror=1",
    "👩‍👩‍👧 fine\twith tab\nand line",
    "شكرا جزيلا",
    "myjavascript:1 is no link, and javascript is none",
    "scripting <scripture> <script-like>",
    "5<6",
  ])("[HOS2] %j is not", (text) => {
    expect(codeOf("project", "user_feedback", { text, [text]: [text] })).toBe("ok");
  });

  test("[HOS3] nesting over 16 levels is refused, of a kind whose content is checked", () => {
    const nested = (levels: number) =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as unknown;
    expect(codeOf("project", "x", nested(16))).toBe("ok");
    for (const levels of [17, 33, 200_000]) {
      expect(codeOf("project", "x", nested(levels))).toBe("hostile_content");
    }
    expect(codeOf("session", "user_input", nested(17))).toBe("ok");
    expect(codeOf("session", "user_input", nested(33))).toBe("invalid_field");
    expect(codeOf("project", "x", nested(33), { allowsHostile: true })).toBe("invalid_field");
    expect(codeOf("project", "x", { n: Number.POSITIVE_INFINITY })).toBe("invalid_field");
  });

  test("[HOS4] a session's content is free, and everybody's where the setting allows it", () => {
    for (const text of hostile) {
      expect(codeOf("session", "user_input", { text })).toBe("ok");
      expect(codeOf("project", "x", { text }, { allowsHostile: true })).toBe("ok");
    }
  });

  test("[HOS5] the refusal names the place and what was found", () => {
    const checked = checkCommand(
      "project",
      { id: "c", name: "x", data: { a: { b: ["<p onclick=1>"] } } },
      strict,
    );
    expect(checked).toMatchObject({
      problem: { message: expect.stringContaining('the attribute onclick= in a tag in "data.a.b.0"') },
    });
  });

  test("[HOS6] any text in which no angle bracket, scheme, control or override stands is fine", () => {
    const harmless = fc
      .string({ unit: "grapheme", maxLength: 200 })
      .map((text) => text.replace(/[<:&]|[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu, " "));
    fc.assert(
      fc.property(harmless, harmless, (a, b) => {
        expect(findHostile({ text: `${a} on=${b} onclick=`, [a]: [b] }, 16)).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  test("[HOS9] text as people and programs write it is fine: prose, links, code, generics, markup without handlers", () => {
    const piece = fc.constantFrom(
      ...[
        "Please make it red, or blue.",
        "a < b && c > d",
        "x <= y",
        "for (i = 0; i<n; i++) sum += i",
        "Map<string, number>",
      ],
      ...[
        "https://example.com/on?onclick=1&x=2",
        "on: true",
        "JavaScript",
        "javascript",
        "the script",
        "<3",
        "->",
      ],
      ...[
        "<b>bold</b>",
        '<a href="https://example.com" title="on=1">',
        "<ada@example.com>",
        "on=1",
        "= 5",
        "&amp; &lt;",
      ],
      ...[
        "line\nbreak\ttab",
        "日本語のテスト",
        "شكرا",
        "👩‍👩‍👧",
        "it's",
        '"quoted"',
        "C:\\scripts\\on.exe",
        "1:2",
        "{}[]()",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom(" ", "\n", ". "), (pieces, gap) => {
        const text = pieces.join(gap);
        expect(codeOf("project", "user_feedback", { text, [text]: [{ text }] })).toBe("ok");
      }),
      { numRuns: 2_000 },
    );
  });

  test("[HOS7] a hostile piece is found wherever it stands in other text", () => {
    const around = fc
      .string({ unit: "grapheme", maxLength: 60 })
      .map((text) => text.replace(/["'=\w+.-]/gu, ""));
    const piece = fc.constantFrom("<script>", "<img onerror=1>", " javascript:1", "\u202e", "\u0001");
    fc.assert(
      fc.property(around, piece, around, (before, found, after) => {
        expect(findHostile([`${before}>${found}${after}`], 16)).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  test("[HOS8] no text of a command's size takes long, however it is built", () => {
    const pieces = ["<a", "<a ", '<a b="', "<a b='\"", "<a =", "java\t", "\u200b", "&#", "<", "x= ", "on"];
    for (const piece of pieces) {
      const text = piece.repeat(limits.commandBytes / piece.length);
      const startedAt = performance.now();
      findHostile(`<a ${text}`, 16);
      findHostile(`j${text}`, 16);
      expect(performance.now() - startedAt, piece).toBeLessThan(500);
    }
  });
});
