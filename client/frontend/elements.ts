/** Makes an element of the viewer. Text is always text, and never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Escape sequences of terminals: colours, cursor moves, titles and links. */
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;

/** A line as a page shows it: without a terminal's escapes, and what a carriage return overwrote. */
export function plainLine(line: string): string {
  const bare = line.replace(escapes, "");
  return bare.slice(bare.lastIndexOf("\r", bare.length - 2) + 1).replace(/\r$/, "");
}
