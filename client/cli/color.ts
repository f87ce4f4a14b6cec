/** Colour, as no-color.org and force-color.org say: NO_COLOR first, then FORCE_COLOR, then the terminal. */
export function wantsColor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (isSet(env["NO_COLOR"])) return false;
  if (isForced(env["FORCE_COLOR"]) || isForced(env["CLICOLOR_FORCE"])) return true;
  return isTerminal && env["TERM"] !== "dumb";
}

/**
 * What tells programs to print colours although they print into our pipe: nothing unless our own output is a
 * terminal that has them, and nobody has said otherwise. Mere presence counts, for many programs look at no more.
 */
export function colorHint(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const isSaid = ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"].some((name) => env[name] !== undefined);
  return isSaid || !wantsColor(isTerminal, env) ? {} : { FORCE_COLOR: "1", CLICOLOR_FORCE: "1" };
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
