/** UTF-8 arithmetic on JavaScript strings, without making bytes where a count is enough. */

/** How many bytes a well-formed string has in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      bytes += 2;
      i++;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/**
 * Cuts a well-formed string into pieces of at most `maxCost`, between code points. `costOf` prices one code
 * point; a piece holds at least one.
 */
export function splitAtCodePoints(
  text: string,
  maxCost: number,
  costOf: (codePoint: number) => number,
): string[] {
  const pieces: string[] = [];
  let start = 0;
  let cost = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) ?? 0;
    const price = costOf(codePoint);
    if (cost + price > maxCost && i > start) {
      pieces.push(text.slice(start, i));
      start = i;
      cost = 0;
    }
    cost += price;
    i += codePoint > 0xffff ? 2 : 1;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** Bytes of one code point in UTF-8. */
export function codePointBytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Bytes of one code point inside a JSON string as JSON.stringify writes it. */
export function jsonCodePointBytes(codePoint: number): number {
  if (codePoint >= 0x20) return codePoint === 0x22 || codePoint === 0x5c ? 2 : codePointBytes(codePoint);
  // \b \t \n \f \r have short escapes, all other controls \u00XX.
  return codePoint === 8 || codePoint === 9 || codePoint === 10 || codePoint === 12 || codePoint === 13
    ? 2
    : 6;
}

/** As much of a well-formed string as `maxBytes` of UTF-8 hold, cut between code points. */
export function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    const codePoint = text.codePointAt(end) ?? 0;
    bytes += codePointBytes(codePoint);
    if (bytes > maxBytes) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
