/** The two forms of the suite: short enough for every commit, and long (`npm run test:long`). */
export const isLong = process.env["TAILRACE_LONG"] === "1";

export function inForm<T>(short: T, long: T): T {
  return isLong ? long : short;
}

/** A seed of this run, printed so that a failing run can be had again: `TAILRACE_SEED=… npx vitest run …`. */
export function printedSeed(name: string): number {
  const given = process.env["TAILRACE_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  console.log(`${name}: TAILRACE_SEED=${seed}`);
  return seed;
}
