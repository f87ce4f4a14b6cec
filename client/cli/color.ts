/** Colour, as no-color.org and force-color.org say: NO_COLOR first, then FORCE_COLOR, then the terminal. */
export function wantsColor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (isSet(env["NO_COLOR"])) return false;
  if (isForced(env["FORCE_COLOR"]) || isForced(env["CLICOLOR_FORCE"])) return true;
  return isTerminal && env["TERM"] !== "dumb";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function isForced(value: string | undefined): boolean {
  return isSet(value) && value !== "0";
}

const styles = { dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39], bold: [1, 22] } as const;
export type Style = keyof typeof styles;

export function styled(text: string, style: Style, on: boolean): string {
  const [open, close] = styles[style];
  return on ? `\x1b[${open}m${text}\x1b[${close}m` : text;
}
