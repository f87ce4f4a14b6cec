import type { Ending, Reading } from "../../../protocol/dialects/dialect.ts";
import type {
  EndFrame,
  ErrorFrame,
  GapFrame,
  ReplyFrame,
  SubscribedFrame,
  SummaryFrame,
} from "../../../protocol/mod.ts";
import type { Dropped, Line, Other, Paced, Pacing } from "../../core/pacing.ts";
import type { DialectSubscription } from "./dialect_subscription.ts";

/** What waits in the queue beside lines, and is spoken in its turn. */
export type Note =
  | SubscribedFrame
  | SummaryFrame
  | GapFrame
  | EndFrame
  | ReplyFrame
  | ErrorFrame
  | { readonly type: "level" }
  /** What came before it was sent. */
  | { readonly type: "passed"; readonly sent: () => void }
  | { readonly type: "close"; readonly code: number };

/** The queue of a dialect's socket. A part is its reading's own. */
export type DialectPacing = Pacing<DialectSubscription, unknown, Note>;
export type DialectPaced = Paced<DialectSubscription, unknown, Note>;
export type DialectItem = Line<DialectSubscription, unknown> | Other<DialectSubscription, Note>;

/** What a reading says of a note. */
export function speakNote(reading: Reading, note: Exclude<Note, ErrorFrame>): Ending {
  switch (note.type) {
    case "subscribed":
      return { frames: reading.subscribed?.(note) ?? [] };
    case "level":
      return { frames: reading.level?.() ?? [] };
    case "summary":
      return { frames: reading.summary?.(note) ?? [] };
    case "reply":
      return { frames: reading.reply?.(note) ?? [] };
    case "gap":
      return { frames: reading.gap(note) };
    case "end":
      return reading.end(note);
    case "close":
      return { frames: [], close: note.code };
    case "passed":
      note.sent();
      return { frames: [] };
  }
}

/** Lines that were dropped, as the gap that they are. */
export function rateGap(channel: string, { from, to }: Dropped<unknown>): GapFrame {
  return { type: "gap", channel, from, to, count: to - from + 1, reason: "rate" };
}
