import type { Run } from "./cells.ts";

/** A part of a run that is, or is not, part of a match. */
export interface Piece extends Run {
  readonly isMatch: boolean;
}

/** Parts runs where a keyword's matches begin and end; a match may go over several runs. */
export function piecesOf(runs: readonly Run[], pattern: RegExp | null): Piece[] {
  const borders = pattern === null ? [] : bordersOf(runs.map((run) => run.text).join(""), pattern);
  const pieces: Piece[] = [];
  let at = 0;
  let border = 0;
  for (const run of runs) {
    let from = 0;
    while (from < run.text.length) {
      while ((borders[border] ?? Number.POSITIVE_INFINITY) <= at) border += 1;
      const to = Math.min(run.text.length, from + (borders[border] ?? Number.POSITIVE_INFINITY) - at);
      // Matches begin at even borders and end at odd ones.
      pieces.push({ ...run, text: run.text.slice(from, to), isMatch: border % 2 === 1 });
      at += to - from;
      from = to;
    }
  }
  return pieces;
}

/** Beginning and end of each match, in turn. */
function bordersOf(text: string, pattern: RegExp): number[] {
  const borders: number[] = [];
  for (const found of text.matchAll(pattern)) {
    // Matches that touch are one.
    if (borders.at(-1) === found.index) borders.pop();
    else borders.push(found.index);
    borders.push(found.index + found[0].length);
  }
  return borders;
}

/** The first so many characters of runs, and how many come after. */
export function clipRuns(
  runs: readonly Run[],
  maxChars: number,
): { readonly runs: readonly Run[]; readonly rest: number } {
  const total = runs.reduce((sum, run) => sum + run.text.length, 0);
  if (total <= maxChars) return { runs, rest: 0 };
  const kept: Run[] = [];
  let room = maxChars;
  for (const run of runs) {
    if (room <= 0) break;
    kept.push({ ...run, text: run.text.slice(0, room) });
    room -= run.text.length;
  }
  return { runs: kept, rest: total - maxChars };
}
