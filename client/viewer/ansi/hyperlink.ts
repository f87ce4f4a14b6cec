/** The schemes a log may link to; any other link is shown as its text alone. */
const allowedSchemes: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/**
 * The address of an OSC 8 command's body, `8;parameters;address`: null where it ends a link, or where its
 * address is not one a log may link to.
 */
export function linkOf(body: string): string | null {
  const address = body.slice(body.indexOf(";", 2) + 1);
  if (address === "" || !URL.canParse(address)) return null;
  const url = new URL(address);
  return allowedSchemes.has(url.protocol) ? url.href : null;
}

/** Whether an OSC command's body is a hyperlink. */
export function isHyperlink(body: string): boolean {
  return body.startsWith("8;") && body.includes(";", 2);
}
