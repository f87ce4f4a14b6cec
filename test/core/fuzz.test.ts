import { describe, expect, it } from "vitest";
import type { Dialect } from "../../protocol/dialects/dialect.ts";
import { dialects } from "../../protocol/dialects/dialects.ts";
import {
  decodeDownFrame,
  decodeEntry,
  decodeFilter,
  decodeViewerFrame,
  parseObject,
  problemTable,
  producerFrameOf,
  type Result,
} from "../../protocol/mod.ts";
import { makeBatch } from "../../worker/core/batch.ts";
import { type BodyForm, decodeBody, decodeEntries, readEntries } from "../../worker/core/entry_body.ts";
import { parseGrant } from "../../worker/core/grants.ts";
import { parseSettings, settingTable } from "../../worker/core/settings.ts";
import { parseClaims } from "../../worker/core/token_claims.ts";
import { seededRandom } from "../client/sdk_random.ts";
import { mutatedText, seedTexts } from "./fuzz_texts.ts";

/** [FUZ1] whatever is sent, each parser answers with a value or with a sentence, and never throws. */

const isLong = process.env["TAILRACE_LONG"] === "1";
const rounds = isLong ? 10_000_000 : 600_000;

const defaults = { ts: 1_000, level: "info" } as const;

/** Parsers that are given text as it comes. */
const parsers: Readonly<Record<string, (text: string) => Result<unknown>>> = {
  decodeViewerFrame,
  decodeDownFrame,
  producerFrame: (text) => then(parseObject(text, "The frame"), producerFrameOf),
  ...Object.fromEntries(dialects.map((each) => [`dialect${each.name}`, framesOf(each)])),
  filter: (text) => then(parseObject(text, "The filter"), decodeFilter),
  entry: (text) => then(parseObject(text, "The entry"), (value) => decodeEntry(value, defaults, "Entry 1")),
  claims: (text) => then(parseObject(text, "The token"), parseClaims),
  ndjson: (text) => body(text, "ndjson"),
  json: (text) => body(text, "json"),
  text: (text) => body(text, "text"),
  grant: parseGrant,
  settings: (text) =>
    parseSettings(Object.fromEntries(Object.keys(settingTable).map((name) => [name, text]))),
  frameEntries: (text) =>
    then(parseObject(text, "The frame"), ({ entries }) =>
      Array.isArray(entries) ? decodeEntries(entries, defaults) : { ok: true, value: [] },
    ),
};

/** A dialect's reader of frames, on the address of a channel that each understands. */
function framesOf(dialect: Dialect): (text: string) => Result<unknown> {
  return (text) =>
    then(
      dialect.speak({ plugin_id: "1", task_id: "1" }, () => 0),
      (speech) => then(parseObject(text, "The frame"), (frame) => speech.decode(frame)),
    );
}

function then<T>(result: Result<T>, next: (value: T) => Result<unknown>): Result<unknown> {
  return result.ok ? next(result.value) : result;
}

/** The way of a body: its bytes, its entries, the batch that the object stores. */
function body(text: string, form: BodyForm): Result<unknown> {
  const sent = decodeBody(new TextEncoder().encode(text), form);
  return then(readEntries(sent, form, defaults), (entries) => then(makeBatch(entries), storedAgain));
}

/** What is stored can be read back: it is JSON, its counts are those of its chunks. */
function storedAgain({
  text,
  entries,
  chunks,
}: {
  text: string;
  entries: number;
  chunks: readonly number[];
}) {
  const found: unknown[] = JSON.parse(`[${text}]`);
  const counted = chunks.filter((_, i) => i % 6 === 0).reduce((sum, count) => sum + count, 0);
  if (found.length !== entries || counted !== entries)
    throw new Error(`A batch of ${entries} has ${found.length} entries, ${counted} in its chunks`);
  return { ok: true, value: found } as const;
}

/** What is wrong with an answer, if anything. */
function faultOf(parse: (text: string) => Result<unknown>, text: string): string | null {
  try {
    const result = parse(text);
    if (result.ok) return null;
    const { code, message } = result.problem;
    return code in problemTable && message.length > 0 && message.length < 2_000
      ? null
      : `refused with ${message.length} characters: ${message.slice(0, 80)}`;
  } catch (error) {
    return `threw ${error}`;
  }
}

describe("parsers", () => {
  it(
    `[FUZ1] ${rounds} random and mutated texts: a value or a sentence, and no exception`,
    () => {
      const seed = Number(process.env["TAILRACE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`FUZ1: TAILRACE_SEED=${seed}`);
      const random = seededRandom(seed);
      const names = Object.entries(parsers);
      const taken = new Set<string>();
      for (let round = 0; round < rounds; round++) {
        const text = mutatedText(random, seedTexts);
        const [name, parse] = names[round % names.length] ?? ["", decodeViewerFrame];
        const fault = faultOf(parse, text);
        if (fault !== null) expect({ seed, name, text, fault }).toEqual({ seed, name, text, fault: null });
        if (round < 10_000 && !taken.has(name) && parse(text).ok) taken.add(name);
      }
      // Texts that a parser always refuses would try its first line alone.
      expect(names.map(([name]) => name).filter((name) => !taken.has(name))).toEqual([]);
    },
    isLong ? 3_600_000 : 60_000,
  );
});
