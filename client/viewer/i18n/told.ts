import type { Dictionary } from "./en.ts";

/** A problem in a language's own words, where it has some for the code; else as the gateway said it. */
export function told(
  words: Dictionary,
  problem: { readonly code: string; readonly message: string },
): string {
  return words.problems.get(problem.code) ?? (problem.message || words.noAnswer);
}
