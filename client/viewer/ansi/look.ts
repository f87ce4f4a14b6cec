import { attribute, rgbOf, type Style } from "./style.ts";

/** How a style is put on an element: classes of the style sheet, and colours that no class names. */
export interface Look {
  readonly className: string;
  readonly color?: string;
  readonly backgroundColor?: string;
}

const classOf: readonly (readonly [number, string])[] = [
  [attribute.bold, "bold"],
  [attribute.faint, "faint"],
  [attribute.italic, "italic"],
  [attribute.underline, "underline"],
  [attribute.strike, "strike"],
  [attribute.conceal, "conceal"],
];

/** The first sixteen colours are the theme's, so that they can be read in light and in dark. */
export function lookOf(style: Style): Look {
  const isInverse = (style.attributes & attribute.inverse) !== 0;
  const front = isInverse ? style.background : style.foreground;
  const back = isInverse ? style.foreground : style.background;
  const classes = classOf.filter(([bit]) => (style.attributes & bit) !== 0).map(([, name]) => name);
  const color = front === 0 ? null : rgbOf(front);
  const backgroundColor = back === 0 ? null : rgbOf(back);
  if (front > 0 && color === null) classes.push(`fg${front - 1}`);
  if (back > 0 && backgroundColor === null) classes.push(`bg${back - 1}`);
  if (isInverse && front === 0) classes.push("fg-back");
  if (isInverse && back === 0) classes.push("bg-front");
  return {
    className: classes.join(" "),
    ...(color !== null && { color: `rgb(${color.join(",")})` }),
    ...(backgroundColor !== null && { backgroundColor: `rgb(${backgroundColor.join(",")})` }),
  };
}
