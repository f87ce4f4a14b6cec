/**
 * How a run of text looks, after ECMA-48 "Select Graphic Rendition" as xterm and its kin extend it: 16, 256
 * and true colours, with parameters parted by semicolons or by colons.
 */

/** 0: the default; 1 to 256: the palette's index and 1; from {@link trueColour}: that and red, green, blue. */
export type Colour = number;

export const trueColour = 0x1000000;

/** Bits of {@link Style.attributes}. */
export const attribute = {
  bold: 1,
  faint: 2,
  italic: 4,
  underline: 8,
  inverse: 16,
  conceal: 32,
  strike: 64,
} as const;

export interface Style {
  readonly foreground: Colour;
  readonly background: Colour;
  readonly attributes: number;
}

export const plainStyle: Style = { foreground: 0, background: 0, attributes: 0 };

export function sameStyle(a: Style, b: Style): boolean {
  return (
    a === b ||
    (a.foreground === b.foreground && a.background === b.background && a.attributes === b.attributes)
  );
}

/** What one attribute parameter turns on and off. */
const attributeCodes: Readonly<Record<number, readonly [on: number, off: number]>> = {
  1: [attribute.bold, 0],
  2: [attribute.faint, 0],
  3: [attribute.italic, 0],
  4: [attribute.underline, 0],
  7: [attribute.inverse, 0],
  8: [attribute.conceal, 0],
  9: [attribute.strike, 0],
  21: [attribute.underline, 0],
  22: [0, attribute.bold | attribute.faint],
  23: [0, attribute.italic],
  24: [0, attribute.underline],
  27: [0, attribute.inverse],
  28: [0, attribute.conceal],
  29: [0, attribute.strike],
};

/** The style after `ESC [ parameters m`. Unknown parameters change nothing. */
export function applySgr(style: Style, parameters: string): Style {
  const groups = parameters.split(";").map((group) => group.split(":").map(toNumber));
  let next = style;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] ?? [0];
    const code = group[0] ?? 0;
    if (code !== 38 && code !== 48 && code !== 58) {
      next = applyCode(next, code, group[1]);
      continue;
    }
    const isColonForm = group.length > 1;
    const values = isColonForm ? group.slice(1) : groups.slice(i + 1, i + 5).map((each) => each[0] ?? 0);
    const { colour, used } = readColour(values, isColonForm);
    if (!isColonForm) i += used;
    if (colour === null) continue;
    if (code === 38) next = { ...next, foreground: colour };
    if (code === 48) next = { ...next, background: colour };
  }
  return sameStyle(next, plainStyle) ? plainStyle : next;
}

function toNumber(text: string): number {
  const value = text === "" ? 0 : Number(text);
  return Number.isInteger(value) ? value : -1;
}

function applyCode(style: Style, code: number, detail: number | undefined): Style {
  if (code === 0) return plainStyle;
  // `4:0` is "no underline", `4:1` to `4:5` are kinds of it.
  if (code === 4 && detail === 0) return { ...style, attributes: style.attributes & ~attribute.underline };
  const change = attributeCodes[code];
  if (change !== undefined) {
    return { ...style, attributes: (style.attributes | change[0]) & ~change[1] };
  }
  if (code >= 30 && code <= 37) return { ...style, foreground: code - 30 + 1 };
  if (code >= 90 && code <= 97) return { ...style, foreground: code - 90 + 9 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 + 1 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 100 + 9 };
  if (code === 39) return { ...style, foreground: 0 };
  if (code === 49) return { ...style, background: 0 };
  return style;
}

/**
 * Reads what follows 38 or 48: `5 n`, or `2 r g b`. The colon form may name a colour space before the red
 * (`2::r:g:b`). `used` counts the parameters taken, so that a broken colour does not turn into attributes.
 */
function readColour(
  values: readonly number[],
  isColonForm: boolean,
): { readonly colour: Colour | null; readonly used: number } {
  if (values[0] === 5) {
    const index = values[1] ?? -1;
    return { colour: index >= 0 && index <= 255 ? index + 1 : null, used: 2 };
  }
  if (values[0] !== 2) return { colour: null, used: 1 };
  const [red = -1, green = -1, blue = -1] = values.slice(isColonForm && values.length > 4 ? 2 : 1);
  const isColour = [red, green, blue].every((part) => part >= 0 && part <= 255);
  return { colour: isColour ? trueColour + red * 65_536 + green * 256 + blue : null, used: 4 };
}

/** The red, green and blue of a colour past the first 16, which themes choose; null for those. */
export function rgbOf(colour: Colour): readonly [number, number, number] | null {
  if (colour >= trueColour) return [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
  const index = colour - 1;
  if (index < 16) return null;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const step = (part: number): number => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  return [step(Math.floor(cube / 36)), step(Math.floor(cube / 6) % 6), step(cube % 6)];
}
