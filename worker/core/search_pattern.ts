import { limits, ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** How a search text is meant. */
export interface SearchOptions {
  readonly isRegex?: boolean | undefined;
  readonly isCaseSensitive?: boolean | undefined;
  readonly isWholeWord?: boolean | undefined;
}

/**
 * How much of a line a regular expression sees, in UTF-16 units: the engine backtracks, so that its time grows
 * with a power of the length.
 */
export const regexLineChars = 1_024;

/** How often a regular expression may repeat without a fixed count: each adds one to that power. */
const maxOpenRepeats = 2;

/** Makes a search's test of a text. Literal unless it is said to be a regular expression. */
export function compilePattern(search: string, options: SearchOptions): Result<(text: string) => boolean> {
  if (search.length > limits.searchChars) {
    return invalid(search, `a text of at most ${limits.searchChars} characters`);
  }
  if (!options.isRegex && !options.isWholeWord) return ok(literalTest(search, options));
  const source = options.isRegex ? search : escapeRegex(search);
  const safe = options.isRegex ? checkRegex(source) : ok(true);
  if (!safe.ok) return safe;
  const whole = options.isWholeWord ? `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])` : source;
  try {
    const regex = new RegExp(whole, options.isCaseSensitive ? "u" : "iu");
    if (!options.isRegex) return ok((text) => regex.test(text));
    return ok((text) => regex.test(text.length > regexLineChars ? text.slice(0, regexLineChars) : text));
  } catch (error) {
    return invalid(
      search,
      `a regular expression of ECMAScript (${error instanceof Error ? error.message : ""})`,
    );
  }
}

function literalTest(search: string, { isCaseSensitive }: SearchOptions): (text: string) => boolean {
  if (isCaseSensitive) return (text) => text.includes(search);
  const lower = search.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/**
 * Refuses what could take the backtracking engine exponential time: back references and look-arounds, a
 * repeated group that itself repeats or chooses, and many open repeats.
 */
function checkRegex(source: string): Result<true> {
  const bare = source
    .replace(/\\[1-9k]/g, "\u0001")
    .replace(/\\./g, "x")
    .replace(/\[[^\]]*\]/g, "x");
  if (bare.includes("\u0001")) return invalid(source, "a regular expression without back references");
  if (/\(\?<?[=!]/.test(bare)) return invalid(source, "a regular expression without look-arounds");
  const repeats = bare.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0;
  if (repeats > maxOpenRepeats) {
    return invalid(source, `a regular expression with at most ${maxOpenRepeats} open repeats (* + {n,})`);
  }
  return hasNestedRepeat(bare)
    ? invalid(source, "a regular expression whose repeated groups hold no repeat and no choice")
    : ok(true);
}

/** Whether a group followed by a repeat holds a repeat or a choice, at any depth. */
function hasNestedRepeat(bare: string): boolean {
  const open: boolean[] = [];
  for (let i = 0; i < bare.length; i++) {
    const char = bare[i] as string;
    if (char === "(") {
      open.push(false);
      // The mark of a group's kind, as in (?: or (?<name>, is no repeat.
      if (bare[i + 1] === "?") i++;
    } else if (char === ")") {
      const isRisky = open.pop() ?? false;
      const repeats = /^(?:[*+]|\{\d+(?:,\d*)?\})/.test(bare.slice(i + 1, i + 12));
      if (repeats && isRisky) return true;
      // What stands in a group stands in the groups around it.
      if ((isRisky || repeats) && open.length > 0) open[open.length - 1] = true;
    } else if ("*+?{|".includes(char) && open.length > 0) {
      open[open.length - 1] = true;
    }
  }
  return false;
}

function invalid(search: string, allowed: string): Result<never> {
  return refuse("invalid_field", `The query has search: ${quote(search)}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
