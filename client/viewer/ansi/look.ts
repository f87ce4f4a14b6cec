import { attribute, type Colour, rgbOf, type Style } from "./style.ts";

/** How a style is put on an element: classes of the style sheet, and colours that no class names. */
export interface Look {
  readonly className: string;
  readonly color?: string;
  readonly backgroundColor?: string;
}

type Rgb = readonly [number, number, number];

const classOf: readonly (readonly [number, string])[] = [
  [attribute.bold, "bold"],
  [attribute.faint, "faint"],
  [attribute.italic, "italic"],
  [attribute.underline, "underline"],
  [attribute.strike, "strike"],
  [attribute.conceal, "conceal"],
];

/** xterm's first sixteen colours. */
const sixteen = [
  0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000,
  0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
] as const;

/**
 * On the page's own ground the first sixteen colours are the theme's, so that they can be read in light and in
 * dark. On a ground that the log chose they are xterm's, and text without a colour is black or white.
 */
export function lookOf(style: Style): Look {
  const isInverse = (style.attributes & attribute.inverse) !== 0;
  const front = isInverse ? style.background : style.foreground;
  const back = isInverse ? style.foreground : style.background;
  const classes = classOf.filter(([bit]) => (style.attributes & bit) !== 0).map(([, name]) => name);
  if (back !== 0) {
    const ground = exactRgb(back);
    const color = front === 0 ? readableOn(ground) : toCss(exactRgb(front));
    return { className: classes.join(" "), color, backgroundColor: toCss(ground) };
  }
  // Without a colour of its own to show, an inverse run exchanges the page's.
  if (isInverse) classes.push("inverse");
  const rgb = front === 0 ? null : rgbOf(front);
  if (front !== 0 && rgb === null) classes.push(`fg${front - 1}`);
  return { className: classes.join(" "), ...(rgb !== null && { color: toCss(rgb) }) };
}

function exactRgb(colour: Colour): Rgb {
  const packed = sixteen[colour - 1] ?? 0;
  return rgbOf(colour) ?? [packed >> 16, (packed >> 8) & 255, packed & 255];
}

/** Black or white, whichever stands out more; the weights are those of relative luminance, without its gamma. */
function readableOn([red, green, blue]: Rgb): string {
  return red * 0.299 + green * 0.587 + blue * 0.114 > 140 ? "#000" : "#fff";
}

function toCss(rgb: Rgb): string {
  return `rgb(${rgb.join(",")})`;
}
