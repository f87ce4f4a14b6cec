/** Lines that break things, each with neighbours that must stay intact. */

export interface DifficultCase {
  readonly name: string;
  readonly bytes: Buffer;
}

type Content = string | readonly number[] | Buffer;

const kibi = 1024;

/** A text in which every place differs from its surroundings: what is lost or doubled is seen. */
function counted(characters: number): string {
  let text = "";
  for (let n = 0; text.length < characters; n++) text += `${n.toString(36)},`;
  return text.slice(0, characters);
}

function bytesOf(content: Content): Buffer {
  return typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
}

/** A line between two others. */
function between(name: string, ...lines: readonly Content[]): DifficultCase {
  const parts = lines.flatMap((line) => [bytesOf(line), Buffer.from("\n")]);
  return {
    name,
    bytes: Buffer.concat([Buffer.from("before 前 🐎\n"), ...parts, Buffer.from("after 後 🐎\n")]),
  };
}

/** Characters of 1, 2, 3 and 4 bytes of UTF-8. */
const widths = ["a", "é", "語", "🚀"] as const;

/** So many bytes of one character, led by as many single bytes as do not make up a whole one. */
function ofBytes(character: string, bytes: number): string {
  const width = Buffer.byteLength(character);
  return "x".repeat(bytes % width) + character.repeat(Math.floor(bytes / width));
}

/** Around a number of bytes: one below, exactly, one above, each followed by a neighbour. */
function around(bytes: number, characters: readonly string[] = widths): DifficultCase[] {
  return characters.map((character) =>
    between(
      `${bytes} bytes ± 1 of ${Buffer.byteLength(character)}-byte characters`,
      ...[bytes - 1, bytes, bytes + 1].flatMap((each) => [ofBytes(character, each), `next to ${each}`]),
    ),
  );
}

const controls = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 0x0a);
const family = "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪é";

/** What is cut by a limit of the wire: a line, a chunk, a part of `tailrace run`, an entry's JSON. */
const longCases: readonly DifficultCase[] = [
  between("40,000 characters", counted(40_000)),
  between("200,000 characters", counted(200_000)),
  between("200,000 characters twice", counted(200_000), counted(200_000)),
  between("70,000 characters of CJK", "漢字かな한글".repeat(10_000)),
  between("100,000 units of joined emoji", family.repeat(4_000)),
  between("70,000 NULs", "\0".repeat(70_000)),
  between("65,536 quotes, twice as long in JSON", '"'.repeat(64 * kibi)),
  between("70,000 escapes", "\x1b[31mred\x1b[0m\\".repeat(5_000)),
  between("70,000 lone \\r", "\r".repeat(70_000)),
  between("70,000 invalid bytes", Buffer.alloc(70_000, 0xff)),
  ...around(4 * kibi),
  ...around(60 * kibi),
  ...around(64 * kibi),
  ...around(128 * kibi, ["🚀"]),
];

const shortCases: readonly DifficultCase[] = [
  between("CJK", "漢字かなカナ한글", "　全角スペース"),
  between("emoji and joined emoji", family, "🚀".repeat(3)),
  between("NUL", "a\0b", "\0", "\0\0\0"),
  between("all C0 controls together", controls),
  between("each C0 control alone", ...controls.map((code) => [code])),
  between("DEL, C1 controls, line and paragraph separators", "\x7f", "\x80\x85\x9f", "a\u2028b\u2029c"),
  between("noncharacters and the last code point", "\ufffe\uffff\u{10ffff}", "\ufffd"),
  between("JSON's own characters", '{"line":"\\"}', "\\u0000 \\n", "'`$</script><!--"),
  between("bytes that are never UTF-8", [0xff], [0xfe, 0x41, 0xc0, 0x80, 0x42], [0x80]),
  between(
    "an encoded surrogate and one past the last code point",
    [0xed, 0xa0, 0xbd],
    [0xf4, 0x90, 0x80, 0x80],
  ),
  between(
    "characters cut by the line's end",
    [0x61, 0xe8, 0xaa],
    [0xf0, 0x9f, 0x9a],
    [0xc3],
    [0xf0, 0x9f, 0x0d],
  ),
  between("a byte order mark inside", "\ufeff", "a\ufeffb", "\ufeff\ufefftwice"),
  between("empty lines", "", "", "", "x", ""),
  between("lines of spaces and tabs", " ", "\t", "trailing  "),
  between("lines of only \\r", "\r\r", "\r", "\r\r\r"),
];

const endings: readonly DifficultCase[] = [
  ["a byte order mark at the beginning", "\ufefffirst\nsecond\n"],
  ["two byte order marks alone", "\ufeff\ufeff"],
  ["CRLF without a last newline", "one\r\ntwo\r\n\r\nlast"],
  ["a lone \\r at the end", "one\r\ntwo\r"],
  ["a lone \\n", "\n"],
  ["a lone \\r", "\r"],
  ["CRLF and LF mixed, with redraws", "a\rb\r\nc\n\rd\r\r\n\n\r\n"],
].map(([name = "", text = ""]) => ({ name, bytes: Buffer.from(text) }));

const cutEnd = { name: "a character cut by the end", bytes: Buffer.from([0x61, 0x0a, 0xf0, 0x9f, 0x9a]) };

/** Whose beginning or end is the difficulty, so that nothing may stand before or after. */
export const bareCases: readonly DifficultCase[] = [...endings, cutEnd];

export const difficultCases: readonly DifficultCase[] = [...shortCases, ...longCases, ...bareCases];

/** All of them in one text, each ending its last line. */
export function allDifficult(): Buffer {
  return Buffer.concat(difficultCases.flatMap(({ bytes }) => [bytes, Buffer.from("\n")]));
}

/** JSON strings as they are written, and the line that each is. */
const jsonStrings: readonly (readonly [written: Buffer, line: string])[] = [
  [Buffer.from("before"), "before"],
  [Buffer.from("\\ud83d"), "\ufffd"],
  [Buffer.from("a\\ude80\\ud83db"), "a\ufffd\ufffdb"],
  [Buffer.from("\\ud83d\\ude80"), "🚀"],
  [Buffer.from("\ufeff\\u0000"), "\ufeff\0"],
  [Buffer.from([0x61, 0xff, 0xe8, 0xaa]), "a\ufffd\ufffd"],
  [Buffer.from([0xed, 0xa0, 0xbd]), "\ufffd\ufffd\ufffd"],
  [Buffer.from("\\ud83d".repeat(40_000)), "\ufffd".repeat(40_000)],
  [Buffer.from("after"), "after"],
];

const jsonEntries = jsonStrings.map(([written]) =>
  Buffer.concat([Buffer.from('{"line":"'), written, Buffer.from('"}')]),
);

/** Bodies of JSON that hold what JSON.stringify would not write, after a byte order mark. */
export const brokenJson = {
  lines: jsonStrings.map(([, line]) => line),
  ndjson: {
    type: "application/x-ndjson",
    bytes: Buffer.concat([
      Buffer.from("\ufeff"),
      ...jsonEntries.flatMap((each) => [each, Buffer.from("\r\n")]),
    ]),
  },
  json: {
    type: "application/json",
    bytes: Buffer.concat([
      Buffer.from('\ufeff{"entries":['),
      ...jsonEntries.flatMap((each, i) => (i === 0 ? [each] : [Buffer.from(","), each])),
      Buffer.from("]}"),
    ]),
  },
};
