import { ok, type Result, refuse } from "../../protocol/mod.ts";
import type { Edge, RegexNode } from "./regex_syntax.ts";

/**
 * Finds regular expressions in lines, in time that grows with the line and never with a power of it: all ways
 * to match are followed side by side (Thompson 1968), so that no pattern and no line can stop the gateway as
 * they can stop a matcher that backtracks.
 */

type Step =
  | { readonly kind: "atom"; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: "edge"; readonly edge: Edge }
  /** Goes on at both; a jump has the same twice. */
  | { readonly kind: "fork"; one: number; other: number }
  | { readonly kind: "found" };

type Fork = Step & { kind: "fork" };

/** Most steps of a pattern: each may cost a look at each character. Repeats are written out. */
const maxSteps = 500;

/** Makes the test of whether a pattern is found in a line. */
export function compileRegex(node: RegexNode, isCaseSensitive: boolean): Result<(line: string) => boolean> {
  const program = new Program(isCaseSensitive);
  program.write(node);
  const steps = program.steps;
  if (steps.length >= maxSteps) {
    return refuse("invalid_field", `a regular expression of at most ${maxSteps} steps, repeats counted out`);
  }
  steps.push({ kind: "found" });
  const matcher = new Matcher(steps);
  return ok((line) => matcher.isIn(line));
}

class Program {
  readonly steps: Step[] = [];
  readonly #flags: string;
  readonly #atoms = new Map<string, (codePoint: number) => boolean>();

  constructor(isCaseSensitive: boolean) {
    this.#flags = isCaseSensitive ? "su" : "sui";
  }

  /** Writes a node's steps; what comes after it follows. Stops early once there are too many. */
  write(node: RegexNode): void {
    if (this.steps.length >= maxSteps) return;
    switch (node.kind) {
      case "atom":
        this.steps.push({ kind: "atom", matches: this.#atom(node.source) });
        return;
      case "edge":
        this.steps.push(node);
        return;
      case "sequence":
        for (const item of node.items) this.write(item);
        return;
      case "choice":
        this.#writeChoice(node.options);
        return;
      case "repeat":
        this.#writeRepeat(node);
        return;
    }
  }

  #writeChoice([first, ...others]: readonly RegexNode[]): void {
    if (first === undefined) return;
    if (others.length === 0) {
      this.write(first);
      return;
    }
    const fork = this.#fork();
    this.write(first);
    const jump = this.#fork();
    fork.other = this.steps.length;
    this.#writeChoice(others);
    jump.one = this.steps.length;
    jump.other = this.steps.length;
  }

  #writeRepeat({ item, min, max }: RegexNode & { kind: "repeat" }): void {
    for (let i = 0; i < min && this.steps.length < maxSteps; i++) this.write(item);
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.steps.length;
      const fork = this.#fork();
      this.write(item);
      const back = this.#fork();
      back.one = loop;
      back.other = loop;
      fork.other = this.steps.length;
      return;
    }
    const forks: Fork[] = [];
    for (let i = min; i < max && this.steps.length < maxSteps; i++) {
      forks.push(this.#fork());
      this.write(item);
    }
    for (const fork of forks) fork.other = this.steps.length;
  }

  #fork(): Fork {
    const fork: Fork = { kind: "fork", one: this.steps.length + 1, other: 0 };
    this.steps.push(fork);
    return fork;
  }

  /** An atom matches one character, so that the platform's matcher is asked about one; ASCII is asked once. */
  #atom(source: string): (codePoint: number) => boolean {
    const known = this.#atoms.get(source);
    if (known !== undefined) return known;
    const regex = new RegExp(`^${source}$`, this.#flags);
    const ascii = Uint8Array.from({ length: 128 }, (_, code) =>
      Number(regex.test(String.fromCharCode(code))),
    );
    const matches = (codePoint: number) =>
      codePoint < 128 ? ascii[codePoint] === 1 : regex.test(String.fromCodePoint(codePoint));
    this.#atoms.set(source, matches);
    return matches;
  }
}

/** What stands before a line's first character and after its last. */
const none = -1;

class Matcher {
  readonly #steps: readonly Step[];
  /** Steps to try on the next character, each once: `#seen` holds the round in which a step was added. */
  #now: number[] = [];
  #next: number[] = [];
  readonly #seen: Uint32Array;
  readonly #stack: number[] = [];
  #round = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#seen = new Uint32Array(steps.length);
  }

  isIn(line: string): boolean {
    this.#now.length = 0;
    let before = none;
    for (let i = 0; ; ) {
      const here = line.codePointAt(i) ?? none;
      // A match may begin at every place; those on their way are in `#now`.
      if (this.#advance(before, here)) return true;
      if (here === none) return false;
      this.#consume(here);
      before = here;
      i += here > 0xffff ? 2 : 1;
    }
  }

  /** Follows what takes no character, from all that is on its way and from the start. */
  #advance(before: number, here: number): boolean {
    this.#beginRound();
    this.#stack.push(0, ...this.#now);
    this.#now.length = 0;
    for (let at = this.#stack.pop(); at !== undefined; at = this.#stack.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      const step = this.#steps[at];
      if (step === undefined) continue;
      if (step.kind === "found") {
        this.#stack.length = 0;
        return true;
      }
      if (step.kind === "atom") this.#now.push(at);
      else if (step.kind === "fork") this.#stack.push(step.one, step.other);
      else if (isAt(step.edge, before, here)) this.#stack.push(at + 1);
    }
    return false;
  }

  #consume(codePoint: number): void {
    this.#next.length = 0;
    for (const at of this.#now) {
      const step = this.#steps[at];
      if (step?.kind === "atom" && step.matches(codePoint)) this.#next.push(at + 1);
    }
    [this.#now, this.#next] = [this.#next, this.#now];
  }

  #beginRound(): void {
    this.#round += 1;
    if (this.#round < 2 ** 32) return;
    this.#seen.fill(0);
    this.#round = 1;
  }
}

function isAt(edge: Edge, before: number, here: number): boolean {
  switch (edge) {
    case "begin":
      return before === none;
    case "end":
      return here === none;
    case "border":
      return isWord(before) !== isWord(here);
    case "inside":
      return isWord(before) === isWord(here);
    case "clear-before":
      return !isWordAnywhere(before);
    case "clear-after":
      return !isWordAnywhere(here);
  }
}

/** ECMAScript's `\w`. */
function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  );
}

/** The same with the letters and digits of all scripts. */
function isWordAnywhere(code: number): boolean {
  return code < 128 ? isWord(code) : /[\p{L}\p{N}]/u.test(String.fromCodePoint(code));
}
