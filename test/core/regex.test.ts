import { describe, expect, test } from "vitest";
import { compilePattern } from "../../worker/core/search_pattern.ts";

describe("a regular expression", () => {
  test.each([
    ["(a+)+$", "a"],
    ["(a|aa)+$", "a"],
    ["(a*a*a*a*)*b", "a"],
    [".*.*.*.*=.*z", "="],
  ])("[REG1] %s ends on a line that is made for it", (source, char) => {
    // A matcher that backtracks takes longer here than any test may run.
    const compiled = compilePattern(source, { isRegex: true });
    expect(compiled.ok && compiled.value(`${char.repeat(60_000)}!`)).toBe(false);
  });

  test.each(["(a)\\1", "(?=a)b", "(?<!a)b", "(", "a{2,1}", "\\", "((a{30}){30}){30}", "a)|(b"])(
    "[REG2] %s is refused, and the sentence says what is allowed",
    (source) => {
      for (const isWholeWord of [false, true]) {
        expect(compilePattern(source, { isRegex: true, isWholeWord })).toMatchObject({
          ok: false,
          problem: { code: "invalid_field", expected: expect.stringContaining("RE2") },
        });
      }
    },
  );
});
