import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxColumns } from "../../client/viewer/ansi/cells.ts";
import { parseLine, plainText, styleAfter } from "../../client/viewer/ansi/line.ts";
import { attribute, plainStyle, rgbOf, type Style, trueColour } from "../../client/viewer/ansi/style.ts";

const fixtures = join(import.meta.dirname, "../fixtures/terminal");
const captures = readdirSync(fixtures).filter((name) => name.endsWith(".ansi"));

function linesOf(capture: string): string[] {
  return readFileSync(join(fixtures, capture), "utf8").split(/\r?\n/);
}

function styled(changes: Partial<Style>): Style {
  return { ...plainStyle, ...changes };
}

/** One run a line: `text`, or `text` with what differs from plain. */
function shown(line: string): unknown[] {
  return parseLine(line).runs.map(({ text, style, link }) => {
    const look = Object.fromEntries(Object.entries(style).filter(([, value]) => value !== 0));
    if (Object.keys(look).length === 0 && link === null) return text;
    return { text, ...look, ...(link !== null && { link }) };
  });
}

const red = { foreground: 2 };

describe("[ANS1] colours and attributes", () => {
  const table: readonly [string, string, unknown[]][] = [
    ["plain", "abc", ["abc"]],
    ["empty", "", []],
    ["16 colours", "\x1b[31mred\x1b[0m plain", [{ text: "red", ...red }, " plain"]],
    ["bright", "\x1b[97;104mx", [{ text: "x", foreground: 16, background: 13 }]],
    ["empty parameter resets", "\x1b[31ma\x1b[mb", [{ text: "a", ...red }, "b"]],
    ["256 colours", "\x1b[38;5;208mx", [{ text: "x", foreground: 209 }]],
    ["256 colours, colons", "\x1b[48:5:0mx", [{ text: "x", background: 1 }]],
    ["true colour", "\x1b[38;2;1;2;3mx", [{ text: "x", foreground: trueColour + 0x010203 }]],
    ["true colour, colons", "\x1b[38:2:1:2:3mx", [{ text: "x", foreground: trueColour + 0x010203 }]],
    ["true colour with space", "\x1b[38:2::1:2:3mx", [{ text: "x", foreground: trueColour + 0x010203 }]],
    ["after a colour comes more", "\x1b[38;5;1;1mx", [{ text: "x", ...red, attributes: attribute.bold }]],
    ["a broken colour is none", "\x1b[38;5;999mx", ["x"]],
    ["underline colour is skipped", "\x1b[58;2;1;2;3mx", ["x"]],
    [
      "all attributes",
      "\x1b[1;2;3;4;7;8;9mx",
      [{ text: "x", attributes: Object.values(attribute).reduce<number>((a, b) => a | b, 0) }],
    ],
    ["attributes off", "\x1b[1;3;4;9m\x1b[22;23;24;29mx", ["x"]],
    ["curly underline", "\x1b[4:3mx\x1b[4:0my", [{ text: "x", attributes: attribute.underline }, "y"]],
    ["default colours", "\x1b[31;41m\x1b[39;49mx", ["x"]],
    ["same looks are one run", "\x1b[31ma\x1b[31mb", [{ text: "ab", ...red }]],
    ["8-bit CSI", "\x9b31mx", [{ text: "x", ...red }]],
    ["unknown parameter", "\x1b[73mx", ["x"]],
    ["a keyboard mode is no colour", "\x1b[>4;1mx", ["x"]],
  ];
  test.each(table)("%s", (_name, line, expected) => {
    expect(shown(line)).toEqual(expected);
  });
});

describe("[ANS2] what is not text does not show", () => {
  const table: readonly [string, string, string][] = [
    ["title", "\x1b]0;title\x07text", "text"],
    ["progress, ST", "\x1b]9;4;1;50\x1b\\text", "text"],
    ["APC", "\x1b_bk;t=1729\x07text", "text"],
    ["DCS", "\x1bP1$r0m\x1b\\text", "text"],
    ["PM and SOS", "\x1b^a\x1b\\b\x1bXc\x1b\\d", "bd"],
    ["character set", "\x1b(B\x1b[mtext", "text"],
    ["cursor and screen", "\x1b[2J\x1b[H\x1b[?25ltext\x1b[1A\x1b[s", "text"],
    ["save and keypad", "\x1b7a\x1b8b\x1b=c\x1b>d", "abcd"],
    ["bell, NUL, shift", "a\x07b\x00c\x0ed\x0fe\x7f", "abcde"],
    ["an unended sequence", "text\x1b[38;5", "text"],
    ["an unended string", "text\x1b]0;title", "text"],
    ["a lone escape", "text\x1b", "text"],
    ["a cancelled sequence", "\x1b[31\x18text", "text"],
    ["a cancelled string", "\x1b]0;title\x18text", "text"],
    ["an escape within a string", "\x1b]0;title\x1b[31mtext", "text"],
    ["8-bit OSC", "\x9d0;title\x9ctext", "text"],
    ["markup is text", "<b>&amp;</b>", "<b>&amp;</b>"],
  ];
  test.each(table)("%s", (_name, line, expected) => {
    expect(plainText(line)).toBe(expected);
  });

  test("whatever a line holds, no control character but a tab shows", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "\x1b",
        "[",
        "]",
        "m",
        "8;;",
        "\x07",
        "\\",
        "\r",
        "\b",
        "\t",
        "\x9b",
        "38;5;",
        "中",
        "K",
        "C",
      ),
      fc.string({ maxLength: 4, unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(plainText(pieces.join(""))).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
      }),
    );
  });
});

describe("[ANS3] links", () => {
  const open = (address: string, end = "\x1b\\"): string => `\x1b]8;;${address}${end}`;
  test.each(["http://a.example/x", "https://a.example/x", "mailto:a@b.example"])("%s is one", (address) => {
    expect(shown(`${open(address)}text${open("")} more`)).toEqual([{ text: "text", link: address }, " more"]);
    expect(shown(`${open(address, "\x07")}text`)).toEqual([{ text: "text", link: address }]);
  });
  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//a.example",
    "x",
    "JaVaScRiPt:1",
  ])("%s is text alone", (address) => {
    expect(shown(`${open(address)}text${open("")}`)).toEqual(["text"]);
  });
  test("parameters are passed over, and a link ends with its line", () => {
    expect(shown("\x1b]8;id=1:x=y;https://a.example/;b\x07t")).toEqual([
      { text: "t", link: "https://a.example/;b" },
    ]);
    expect(shown("t")).toEqual(["t"]);
  });
});

describe("[ANS4] a redrawn line shows its last state", () => {
  const table: readonly [string, string, string][] = [
    ["return", "10%\r100%", "100%"],
    ["a shorter text leaves the rest", "long text\rlo", "long text"],
    ["erase to the end", "long text\rlo\x1b[K", "lo"],
    ["erase the line", "abc\x1b[2K\rx", "x"],
    ["erase the line, cursor stays", "abc\x1b[2Kx", "   x"],
    ["erase to the start", "abcd\x1b[2D\x1b[1Kx", "  xd"],
    ["backspace", "abc\b\bX", "aXc"],
    ["back and forward", "abc\x1b[2DX\x1b[1CY", "aXcY"],
    ["column", "abc\x1b[1GX\x1b[5GY", "Xbc Y"],
    ["a return at the end", "done\r\r", "done"],
    ["GitLab's section", "\x1b[0Ksection_start:1:a\r\x1b[0KHeader", "Header"],
    ["wide characters", "中文字\r日", "日文字"],
    ["marks stay with their letter", "e\u0301x\ry", "yx"],
    ["tab stops", "a\tb\rc", "c       b"],
    ["a tab without a redraw", "a\tb", "a\tb"],
  ];
  test.each(table)("%s", (_name, line, expected) => {
    expect(plainText(line)).toBe(expected);
  });

  test("colours go with what is written over", () => {
    expect(shown("\x1b[31mabc\x1b[0m\rX")).toEqual(["X", { text: "bc", ...red }]);
  });

  test("a cursor sent far away makes a bounded line", () => {
    expect(plainText("\x1b[999999999Cx").length).toBe(maxColumns + 1);
    expect(plainText(`\r${"x".repeat(9_000)}\x1b[999999999Cy`).length).toBe(9_001);
  });
});

describe("[ANS5] a style goes on in the next line", () => {
  test("until it is reset", () => {
    const first = parseLine("\x1b[31mred");
    expect(parseLine("still", first.after).runs[0]?.style).toEqual(styled(red));
    expect(parseLine("\x1b[0m", first.after).after).toBe(plainStyle);
  });

  test.each(captures)("styleAfter() agrees with parseLine() over %s", (capture) => {
    let style = plainStyle;
    for (const line of linesOf(capture)) {
      const parsed = parseLine(line, style);
      const next = styleAfter(line, style);
      expect(next).toEqual(parsed.after);
      style = next;
    }
  });
});

describe("[ANS6] real captures", () => {
  test.each(captures)("%s leaks no escape", (capture) => {
    const lines = linesOf(capture);
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const text = plainText(line);
      expect(text).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
      expect(text).not.toMatch(/\[\d*m|\]8;|_bk;t=|\[K/);
    }
  });

  test("the buildah capture's progress shows its end", () => {
    const redrawn = linesOf("buildah-build.ansi").find((line) => line.includes("Counting objects:   0%"));
    expect(plainText(redrawn ?? "")).toContain("Counting objects: 100% (1011/1011)");
    expect(plainText(redrawn ?? "")).not.toContain(" 50%");
  });

  test("the link capture's links are links", () => {
    const links = linesOf("itermlinks.ansi").flatMap((line) => parseLine(line).runs.map((run) => run.link));
    expect(links).toContain("https://en.wikipedia.org/wiki/ANSI_escape_codes");
    expect(links).toContain("https://yahoo.com/");
  });
});

test("[ANS8] plainText() is what parseLine() shows, also the short way", () => {
  for (const line of captures.flatMap(linesOf)) {
    const shown = parseLine(line).runs.map((run) => run.text);
    expect(plainText(line)).toBe(shown.join(""));
  }
});

test("[ANS7] rgbOf() gives the xterm palette past the theme's sixteen", () => {
  expect(rgbOf(1)).toBeNull();
  expect(rgbOf(16 + 1)).toEqual([0, 0, 0]);
  expect(rgbOf(208 + 1)).toEqual([255, 135, 0]);
  expect(rgbOf(231 + 1)).toEqual([255, 255, 255]);
  expect(rgbOf(255 + 1)).toEqual([238, 238, 238]);
  expect(rgbOf(trueColour + 0x0a0b0c)).toEqual([10, 11, 12]);
});
