import { RE2JS } from "re2js";
import { limits, ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** How a search text is meant. */
export interface SearchOptions {
  readonly isRegex?: boolean | undefined;
  readonly isCaseSensitive?: boolean | undefined;
  readonly isWholeWord?: boolean | undefined;
}

/** What may not stand beside a whole word, as the inside of a class. */
const wordCharacters = "\\p{L}\\p{N}_";

/**
 * Makes a search's test of a text. Literal unless it is said to be a regular expression, in RE2's syntax: its
 * time grows with the text and never with a power of it, so that no pattern and no line can stop the gateway as
 * they can stop a matcher that backtracks.
 */
export function compilePattern(search: string, options: SearchOptions): Result<(text: string) => boolean> {
  if (search.length > limits.searchChars) {
    return invalid(search, `a text of at most ${limits.searchChars} characters`);
  }
  const { isRegex = false, isWholeWord = false, isCaseSensitive = false } = options;
  if (!isRegex && !isWholeWord) return ok(literalTest(search, isCaseSensitive));
  const source = isRegex ? search : RE2JS.quote(search);
  try {
    // A pattern is compiled alone first: one that is whole only inside the parentheses is no pattern.
    const alone = RE2JS.compile(source, flagsOf(isCaseSensitive));
    const pattern = isWholeWord ? RE2JS.compile(wholeWord(source), flagsOf(isCaseSensitive)) : alone;
    return ok((text) => pattern.matcher(text).find());
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return invalid(
      search,
      `an expression in RE2's syntax, so no look-arounds and no back references (${found})`,
    );
  }
}

function literalTest(search: string, isCaseSensitive: boolean): (text: string) => boolean {
  if (isCaseSensitive) return (text) => text.includes(search);
  const lower = search.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

function flagsOf(isCaseSensitive: boolean): number {
  return isCaseSensitive ? RE2JS.DOTALL : RE2JS.DOTALL | RE2JS.CASE_INSENSITIVE;
}

function wholeWord(source: string): string {
  return `(?:^|[^${wordCharacters}])(?:${source})(?:$|[^${wordCharacters}])`;
}

function invalid(search: string, allowed: string): Result<never> {
  return refuse("invalid_field", `The query has search: ${quote(search)}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
