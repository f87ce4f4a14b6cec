import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern } from "../../worker/core/search_pattern.ts";

function found(source: string, line: string, isCaseSensitive = true): boolean {
  const compiled = compilePattern(source, { isRegex: true, isCaseSensitive });
  if (!compiled.ok) throw new Error(compiled.problem.message);
  return compiled.value(line);
}

describe("a regular expression", () => {
  const sources = [
    "",
    "a",
    "^a",
    "a$",
    "^$",
    "^(?:ab|a)b?$",
    "a|b|^c",
    "(a|ab)(c|bcd)(d*)",
    "(?<name>x+)y",
    "a*?b",
    "a{2}",
    "^a{2,}$",
    "^a{1,3}$",
    "(a?){3}b",
    "(a*)*b",
    "(a+)+$",
    "[a-c]+[^a-c]",
    "[\\]x-]",
    "\\d+\\s\\w*",
    "\\D\\S\\W",
    "\\bab\\b",
    "\\Bb",
    "a.c",
    "\\u{1F642}|\\x41|\\u0062",
    "\\p{Lu}\\P{Lu}",
    "\\.\\*\\(",
    "|a",
    "(|a)b",
    "🙂+",
    "[🙂漢]",
    "(?:)*",
    "\\t|\\cA",
  ];

  test.each(sources)("[REG1] %s finds what the platform's finds", (source) => {
    const characters = fc.constantFrom(..."abcdxyAB01 _-.*(]\t🙂漢é");
    const lines = fc.array(characters, { maxLength: 12 }).map((chars) => chars.join(""));
    fc.assert(
      fc.property(lines, fc.boolean(), (line, isCaseSensitive) => {
        const flags = isCaseSensitive ? "su" : "sui";
        expect(found(source, line, isCaseSensitive)).toBe(new RegExp(source, flags).test(line));
      }),
      { numRuns: 300 },
    );
  });

  test("[REG2] made of anything finds what the platform's finds", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "\\w", "^", "$", "\\b");
    const pattern = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.tuple(tie("node"), tie("node")).map(([one, other]) => `${one}${other}`),
        fc.tuple(tie("node"), tie("node")).map(([one, other]) => `(?:${one}|${other})`),
        fc
          .tuple(tie("node"), fc.constantFrom("*", "+", "?", "{0,2}", "{2}"))
          .map(([node, times]) => `(?:${node})${times}`),
      ),
    })).node;
    const line = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 8 });
    fc.assert(
      fc.property(pattern, line, (source, text) => {
        expect(found(source, text)).toBe(new RegExp(source, "su").test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["(a+)+$", "a"],
    ["(a|aa)+$", "a"],
    ["(a*a*a*a*)*b", "a"],
    ["(?:a?){120}a{120}$", "a"],
    [".*.*.*.*=.*z", "="],
  ])("[REG3] %s takes no longer on a line that is made for it", (source, char) => {
    const line = `${char.repeat(60_000)}!`;
    const started = performance.now();
    expect(found(source, line)).toBe(false);
    // A matcher that backtracks takes longer than the universe is old.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test.each([
    "(a)\\1",
    "(?<n>a)\\k<n>",
    "(?=a)b",
    "(?<!a)b",
    "(?i:a)",
    "(",
    "a{2,1}",
    "\\",
    "a{600}",
    "((a{30}){30}){30}",
  ])("[REG4] %s is refused", (source) => {
    expect(compilePattern(source, { isRegex: true })).toMatchObject({
      ok: false,
      problem: { code: "invalid_field" },
    });
  });
});
