import { limits } from "../../../protocol/mod.ts";
import type { EntryTest } from "../../core/entry_test.ts";
import type { EntryWriter } from "../../core/export_text.ts";
import { entriesOfPage } from "../../core/history.ts";
import { channelObject } from "../../objects/env.ts";
import type { Access } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";

/** Cursors, both included. */
export interface CursorRange {
  readonly from: number;
  readonly to: number;
}

const encoder = new TextEncoder();

/** Each pull reads one page, so that a slow client holds one page in memory. */
export function exportStream(
  c: RouteContext,
  { tenant, channel }: Access,
  { from, to }: CursorRange,
  matches: EntryTest,
  write: EntryWriter,
): ReadableStream<Uint8Array> {
  const object = channelObject(c.env, tenant, channel.name);
  let next = from;
  return new ReadableStream({
    async pull(controller) {
      while (next <= to) {
        const { page } = await object.read(tenant, channel.name, {
          after: next - 1,
          maxBytes: limits.rowBytes,
        });
        if (page === null || page.first > next) {
          // A break is told by a broken body: a shorter text would look whole.
          throw new Error(`Entries from ${next} were trimmed or deleted during the download`);
        }
        const start = next;
        next = page.last + 1;
        const text = writePage(entriesOfPage(page), page.first, { from: start, to }, matches, write);
        if (text !== "") return controller.enqueue(encoder.encode(text));
      }
      controller.close();
    },
  });
}

function writePage(
  entries: ReturnType<typeof entriesOfPage>,
  first: number,
  { from, to }: CursorRange,
  matches: EntryTest,
  write: EntryWriter,
): string {
  return entries
    .map((entry, i) => {
      const cursor = first + i;
      return cursor >= from && cursor <= to && matches(entry) ? write(entry, cursor) : "";
    })
    .join("");
}
