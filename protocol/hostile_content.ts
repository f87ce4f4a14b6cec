/** What could run or mislead in a page that shows it carelessly; upward content is refused for it. */

/** Where content is hostile: the sentence's middle, as in `data.text has a <script tag`. */
export interface Hostile {
  /** The place: keys from the root, joined by dots. */
  readonly at: string;
  readonly found: string;
}

/** Controls but tab and newline. */
const control = /[^\P{Cc}\t\n]/u;
/** Embeddings, overrides and isolates: text that is not read in the order in which it stands. */
const bidi = /[\u202a-\u202e\u2066-\u2069]/;
const script = /<\/?script(?![\w-])/i;
const handler = /^on[a-z]/i;

/** What browsers leave out of a URL, and what is not seen in one. */
const unseen = String.raw`[\p{Cc}\p{Cf}]*`;
const scheme = new RegExp(`(?<![\\w+.-])${[..."javascript"].join(unseen)}${unseen}:`, "iu");

/** The first thing in a JSON value that is hostile, in strings and keys; null where nothing is. */
export function findHostile(value: unknown, maxDepth: number, at = "data"): Hostile | null {
  if (typeof value === "string") return hostileText(value, at);
  if (typeof value !== "object" || value === null) return null;
  if (maxDepth === 0) return { at, found: "values that nest too deep" };
  for (const [key, item] of Object.entries(value)) {
    const place = `${at}.${key}`;
    const found = hostileText(key, `a key of ${at}`) ?? findHostile(item, maxDepth - 1, place);
    if (found !== null) return found;
  }
  return null;
}

/** The same for one text. */
export function hostileText(text: string, at: string): Hostile | null {
  const found = hostileIn(text);
  return found === null ? null : { at, found };
}

function hostileIn(text: string): string | null {
  const code = control.exec(text)?.[0].codePointAt(0);
  if (code !== undefined) return `the control character ${codePoint(code)}`;
  const override = bidi.exec(text)?.[0].codePointAt(0);
  if (override !== undefined) return `the character ${codePoint(override)}, which turns the order of text`;
  if (script.test(text)) return "a <script tag";
  const attribute = findHandler(text);
  if (attribute !== null) return `the attribute ${attribute}= in a tag`;
  return scheme.test(decodeReferences(text)) ? "a javascript: link" : null;
}

function codePoint(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Character references that a page would resolve in a link: numbers, and the names that matter in a scheme. */
function decodeReferences(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(colon|tab|newline));?/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return String(name).toLowerCase() === "colon" ? ":" : "";
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/**
 * The name of the first event handler in a tag, by the rules by which browsers read tags: a `>` within quotes
 * ends none. Each character is read at most three times, however the quotes stand.
 */
function findHandler(text: string): string | null {
  const tag = /<\/?[a-z][^\s/>]*/giy;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    tag.lastIndex = at;
    const opened = tag.exec(text);
    if (opened === null) {
      at += 1;
      continue;
    }
    const read = readAttributes(text, tag.lastIndex);
    if (read.handler !== null) return read.handler;
    at = read.end;
  }
  return null;
}

/** Reads attributes from within a tag to its end, or to the first event handler. */
function readAttributes(
  text: string,
  from: number,
): { readonly end: number; readonly handler: string | null } {
  const attribute = /[\s/]*([^\s/>=]+|=[^\s/>=]*)?(\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?/y;
  let end = from;
  while (end < text.length && text[end] !== ">") {
    attribute.lastIndex = end;
    const [whole = "", name = "", assigned, value = ""] = attribute.exec(text) ?? [];
    if (assigned !== undefined && handler.test(name)) return { end, handler: name.slice(0, 40) };
    // A quote that is never closed may be closed by what stands behind this text in a page.
    if (isOpenQuote(value)) return { end: end + whole.length - value.length + 1, handler: null };
    if (whole === "") break;
    end += whole.length;
  }
  return { end: Math.max(end, from), handler: null };
}

function isOpenQuote(value: string): boolean {
  const quote = value[0];
  return (quote === '"' || quote === "'") && (value.length === 1 || value.at(-1) !== quote);
}
