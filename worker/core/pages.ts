import type { ChannelHead, Page, PageRequest } from "./contract.ts";
import type { Journal } from "./journal.ts";
import { Segment } from "./segment.ts";

/** Whole chunks of the journal, forwards after a cursor or backwards before one; null where none are left. */
export function pageFrom(journal: Journal, head: ChannelHead, request: PageRequest): Page | null {
  const isForward = "after" in request;
  const cursor = isForward
    ? Math.max(request.after + 1, head.oldest)
    : Math.min(request.before - 1, head.tail);
  if (cursor < head.oldest || cursor > head.tail) return null;
  const [row, ...rest] = isForward
    ? journal.readFrom(cursor, request.maxBytes)
    : journal.readBackFrom(cursor, request.maxBytes);
  if (row === undefined) return null;
  const segment = new Segment(head.channel, [row, ...rest]);
  const part = isForward
    ? segment.textFrom(cursor, request.maxBytes)
    : segment.textUpTo(cursor, request.maxBytes);
  return part && { head, ...part };
}
