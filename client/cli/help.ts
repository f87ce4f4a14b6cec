import { type Command, type OptionTable, withHelp } from "./command.ts";

/** The help texts. */

export function commandHelp(name: string, command: Command): string {
  return [
    `Usage: ${command.usage}`,
    "",
    ...wrap(command.about),
    "",
    "Options:",
    ...table(optionRows(withHelp(command.options))),
    "",
    "Examples:",
    ...command.examples.flatMap(([line, meaning]) => [`  ${line}`, `      ${meaning}`]),
    "",
    `Exit codes of tailrace ${name}:`,
    ...table(command.exits),
    "",
  ].join("\n");
}

export function overview(summaries: Readonly<Record<string, { readonly summary: string }>>): string {
  return [
    "Usage: tailrace <command> [options]",
    "",
    "The realtime log and event gateway: stream what a command prints, and watch it live.",
    "",
    "Commands:",
    ...table(Object.entries(summaries).map(([name, { summary }]) => [name, summary])),
    "",
    "Options:",
    ...table([
      ["-h, --help", "show this help, or that of a command: tailrace run --help"],
      ["-V, --version", "show the version"],
    ]),
    "",
    "Where and as whom:",
    ...table([
      ["TAILRACE_URL", "the gateway, http://127.0.0.1:8787 if it is not set"],
      ["TAILRACE_TOKEN", "the token. On the developer's own machine none is needed: one that holds"],
      ["", "for what is asked is made from the secret in .dev.vars"],
    ]),
    "",
  ].join("\n");
}

function optionRows(options: OptionTable): [string, string][] {
  return Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    return [`${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`, option.help];
  });
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

/** Paragraphs to lines of at most 80 characters. */
function wrap(text: string): string[] {
  const lines: string[] = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    const line = lines[last] === "" ? word : `${lines[last]} ${word}`;
    if (line.length > 80) lines.push(word);
    else lines[last] = line;
  }
  return lines;
}
