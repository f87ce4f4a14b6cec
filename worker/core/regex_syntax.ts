import { ok, type Result, refuse } from "../../protocol/mod.ts";

/** A regular expression as a tree. An atom is the part that matches one character, in ECMAScript's words. */
export type RegexNode =
  | { readonly kind: "atom"; readonly source: string }
  | { readonly kind: "edge"; readonly edge: Edge }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly item: RegexNode; readonly min: number; readonly max: number };

/** Places without width: a line's begin and end, a border of a word or none, and what no word touches. */
export type Edge = "begin" | "end" | "border" | "inside" | "clear-before" | "clear-after";

const edges: Readonly<Record<string, Edge>> = { "^": "begin", $: "end", "\\b": "border", "\\B": "inside" };

/** Tokens of a pattern that ECMAScript takes with the flag `u`: the first that fits is the next one. */
const tokens = new RegExp(
  [
    // escapes, a pair of surrogates being one character
    String.raw`\\(?:u\{[^}]*\}|u[dD][89abAB]..\\u[dD][c-fC-F]..|u.{4}|x..|c.|k<[^>]*>|[pP]\{[^}]*\}|.)`,
    // classes
    String.raw`\[(?:\\.|[^\]\\])*\]`,
    // what opens a group: capturing, named, look-around or with modifiers
    String.raw`\((?:\?(?::|<[^=!][^>]*>|<?[=!]|[a-z-]*:))?`,
    // repeats
    String.raw`[*+?]\??|\{\d+(?:,\d*)?\}\??`,
    ".",
  ].join("|"),
  "gsu",
);

/**
 * Reads a regular expression of ECMAScript. Refused is what a matcher of linear time cannot do: back references
 * and look-arounds. Greedy and lazy repeats are the same, for only whether something matches is asked.
 */
export function parseRegex(source: string): Result<RegexNode> {
  const syntax = checkSyntax(source);
  return syntax.ok ? new RegexParser(source).parse() : syntax;
}

/** The platform's own parser says whether this is a pattern at all, so that the one here need not. */
function checkSyntax(source: string): Result<true> {
  try {
    new RegExp(source, "u");
    return ok(true);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/u?: /, "") : "not readable";
    return refuse("invalid_field", `a regular expression of ECMAScript (${reason})`);
  }
}

class RegexParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = source.match(tokens) ?? [];
  }

  parse(): Result<RegexNode> {
    const refused = this.#tokens.find((found) => /^\\[1-9k]/.test(found) || /^\(\?(?!:|<[^=!])/.test(found));
    if (refused === undefined) return ok(this.#choice());
    const what = refused.startsWith("\\") ? "back references" : "look-arounds and modifiers";
    return refuse("invalid_field", `a regular expression without ${what}`);
  }

  #choice(): RegexNode {
    const options = [this.#sequence()];
    while (this.#tokens[this.#at] === "|") {
      this.#at += 1;
      options.push(this.#sequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (let next = this.#tokens[this.#at]; next !== undefined; next = this.#tokens[this.#at]) {
      if (next === "|" || next === ")") break;
      this.#at += 1;
      items.push(this.#repeated(this.#item(next)));
    }
    return { kind: "sequence", items };
  }

  #item(found: string): RegexNode {
    const edge = Object.hasOwn(edges, found) ? edges[found] : undefined;
    if (edge !== undefined) return { kind: "edge", edge };
    if (!found.startsWith("(")) return { kind: "atom", source: found };
    const group = this.#choice();
    this.#at += 1; // the closing bracket
    return group;
  }

  #repeated(item: RegexNode): RegexNode {
    const bounds = boundsOf(this.#tokens[this.#at] ?? "");
    if (bounds === null) return item;
    this.#at += 1;
    return { kind: "repeat", item, ...bounds };
  }
}

function boundsOf(found: string): { min: number; max: number } | null {
  const infinite = Number.POSITIVE_INFINITY;
  if (found.startsWith("*")) return { min: 0, max: infinite };
  if (found.startsWith("+")) return { min: 1, max: infinite };
  if (found.startsWith("?")) return { min: 0, max: 1 };
  const counted = /^\{(\d+)(,?)(\d*)\}/.exec(found);
  if (counted === null) return null;
  const min = Number(counted[1]);
  if (counted[2] === "") return { min, max: min };
  return { min, max: counted[3] === "" ? infinite : Number(counted[3]) };
}
