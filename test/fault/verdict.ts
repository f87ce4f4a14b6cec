import { expect } from "vitest";
import { ApiClient } from "../../client/sdk/mod.ts";
import { download, entriesOfNdjson, readHistory } from "../e2e/read_back.ts";
import type { Access } from "../e2e/send_lines.ts";
import type { Follower } from "./followers.ts";
import { type LineSource, linesOf } from "./numbered_lines.ts";

/** The end of a test with faults: everything is acknowledged, the channel ends, and all have the same list. */
export async function expectExactlyOnce(
  access: Access,
  channel: string,
  sources: readonly LineSource[],
  followers: readonly Follower[],
): Promise<readonly string[]> {
  const flushed = await Promise.all(sources.map((source) => source.finish(30_000)));
  expect(flushed).toEqual(sources.map(() => true));
  const end = await new ApiClient(access).end(channel, { status: "success" });
  if (!end.ok) throw new Error(end.problem.message);
  await Promise.all(followers.map(({ account }) => account.ended));
  const journal = await journalOf(access, channel);
  for (const source of sources) {
    expect(source.faults).toEqual([]);
    expectSameTexts(source.name, journal.filter(isOf(source)), linesOf(source));
  }
  expect(journal).toHaveLength(sources.reduce((sum, { count }) => sum + count, 0));
  for (const { account } of followers) {
    expect(account.faults).toEqual([]);
    expectSameTexts(account.name, account.texts, journal);
  }
  return journal;
}

function isOf({ name }: LineSource) {
  return (text: string): boolean => text.startsWith(`${name} `);
}

/** The texts of all entries, their cursors 1 to n, the same by history and by download. */
async function journalOf(access: Access, channel: string): Promise<string[]> {
  const entries = entriesOfNdjson(await download(access, channel, "ndjson"));
  expect(await readHistory(access, channel, 5_000)).toEqual(entries);
  expect(entries.findIndex(({ cursor }, i) => cursor !== i + 1)).toBe(-1);
  return entries.map((entry) => (entry.kind === "log" ? entry.line : entry.event));
}

/** The first difference, and not thousands of them. */
function expectSameTexts(name: string, found: readonly (string | null)[], due: readonly string[]): void {
  const at = due.findIndex((text, i) => text !== found[i]);
  if (at >= 0) expect({ name, at, is: found[at] }).toEqual({ name, at, is: due[at] });
  expect({ name, count: found.length }).toEqual({ name, count: due.length });
}
