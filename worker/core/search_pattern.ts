import { limits, ok, quote, type Result, refuse } from "../../protocol/mod.ts";
import { compileRegex } from "./regex_matcher.ts";
import { parseRegex, type RegexNode } from "./regex_syntax.ts";

/** How a search text is meant. */
export interface SearchOptions {
  readonly isRegex?: boolean | undefined;
  readonly isCaseSensitive?: boolean | undefined;
  readonly isWholeWord?: boolean | undefined;
}

/** Makes a search's test of a text. Literal unless it is said to be a regular expression. */
export function compilePattern(search: string, options: SearchOptions): Result<(text: string) => boolean> {
  if (search.length > limits.searchChars) {
    return invalid(search, `a text of at most ${limits.searchChars} characters`);
  }
  const { isRegex = false, isWholeWord = false, isCaseSensitive = false } = options;
  if (!isRegex && !isWholeWord) return ok(literalTest(search, isCaseSensitive));
  const node = isRegex ? parseRegex(search) : ok(literalNode(search));
  if (!node.ok) return invalid(search, node.problem.message);
  const test = compileRegex(isWholeWord ? wholeWord(node.value) : node.value, isCaseSensitive);
  return test.ok ? test : invalid(search, test.problem.message);
}

function literalTest(search: string, isCaseSensitive: boolean): (text: string) => boolean {
  if (isCaseSensitive) return (text) => text.includes(search);
  const lower = search.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

function literalNode(search: string): RegexNode {
  const items = Array.from(search, (char) => ({ kind: "atom" as const, source: escapeSyntax(char) }));
  return { kind: "sequence", items };
}

function escapeSyntax(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function wholeWord(node: RegexNode): RegexNode {
  return {
    kind: "sequence",
    items: [{ kind: "edge", edge: "clear-before" }, node, { kind: "edge", edge: "clear-after" }],
  };
}

function invalid(search: string, allowed: string): Result<never> {
  return refuse("invalid_field", `The query has search: ${quote(search)}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
