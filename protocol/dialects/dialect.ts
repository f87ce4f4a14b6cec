import type { Result } from "../codes.ts";
import type { Entry, Json } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type {
  EndFrame,
  ErrorFrame,
  GapFrame,
  ReplyFrame,
  SubscribedFrame,
  SummaryFrame,
} from "../frames/down.ts";

/**
 * A codec between another system's frames and ours: pure and synchronous, it knows neither sockets nor clocks.
 * Its clients acknowledge nothing. A dialect is one file here and one line in `dialects.ts`.
 */
export interface Dialect {
  readonly name: string;
  /** The path of its own on which it alone is spoken, as Hono writes it: `/ws/logs/:plugin_id`. */
  readonly path?: string;
  /** On `/ws`, the key by which a frame decides for it. */
  readonly key?: string;
  /** The keys that it takes of a query, beside the credentials; on `/ws` one of them decides for it, too. */
  readonly query: readonly string[];
  /** Its clients take a closed socket as final, so that the gateway never closes one to begin anew elsewhere. */
  readonly takesCloseAsFinal?: true;
  /** Begins what one socket speaks; refuses an address that is wrong. Without a query it begins always on `/ws`. */
  speak(params: SpeechParams, now: () => number): Result<Speech>;
}

/** The named parts of the path and the keys of the query, as text; each is there at most once. */
export type SpeechParams = Readonly<Record<string, string | undefined>>;

/** What one socket speaks, for its life. */
export interface Speech {
  /** What its address alone asks. */
  readonly opening: readonly DialectRequest[];
  /** There is one channel for the socket's life: where that is refused or lost for a cause, the socket closes. */
  readonly isOfOneChannel: boolean;
  /** Reads a frame from a client. Unknown fields are ignored and `null` is absent, so that old clients work. */
  decode(frame: Untrusted): Result<readonly DialectRequest[]>;
  /** Begins a reading of `channel`, which the client calls `id`. */
  read(id: string, channel: string): Reading;
  /** What a refused frame says of itself, as far as that is right; nothing where the dialect has no field for it. */
  about?(frame: Untrusted): ErrorAbout;
  /** A refusal, of a channel where it is about one; the problem's `id` is the command's that was refused. */
  encodeError(problem: Pick<ErrorFrame, "code" | "message" | "id">, id?: string): string;
}

/** What a refusal is about. */
export interface ErrorAbout {
  /** The channel as the client calls it. */
  readonly id?: string;
  /** The command's id. */
  readonly command?: string;
}

/** What a dialect's client asks, in the gateway's words. `id` is the channel as the client calls it. */
export type DialectRequest =
  | {
      readonly kind: "subscribe";
      readonly id: string;
      readonly channel: string;
      readonly start: ReadingStart;
    }
  | { readonly kind: "unsubscribe"; readonly id: string }
  | {
      readonly kind: "command";
      readonly id: string;
      readonly channel: string;
      readonly command: DialectCommand;
    }
  /** The client gets this frame, as to a ping. */
  | { readonly kind: "answer"; readonly frame: string };

/** Reading goes on after a cursor, or begins with the last n entries (0: live only), else with the oldest. */
export type ReadingStart =
  | { readonly cursor: number; readonly last?: never }
  | { readonly last: number; readonly cursor?: never }
  | { readonly cursor?: never; readonly last?: never };

/** A message upwards. */
export interface DialectCommand {
  /** The client's own id for it; the gateway makes one where there is none. */
  readonly id?: string;
  readonly name: string;
  readonly data: Json;
  readonly group?: string;
}

/**
 * One reading of one channel. `encode` is called for each entry in cursor order as it is read; everything else
 * when its turn to leave has come, in the order in which the client gets it, and answers the frames to send.
 * So a reading may keep what its frames need: the last progress, whether the first frame was sent.
 */
export interface Reading<Part = unknown> {
  /** An entry's part; null: the client does not want it. A dropped entry is encoded and never spoken. */
  encode(entry: Entry, cursor: number): Piece<Part> | null;
  /** Parts that leave together: one, or neighbours of one `run`. */
  frames(parts: readonly Part[]): readonly string[];
  gap(gap: GapFrame): readonly string[];
  end(end: EndFrame): Ending;
  /** The subscription stands; again when an epoch begins or is deleted. */
  subscribed?(frame: SubscribedFrame): readonly string[];
  /** All that was there on subscribing has been spoken; once. */
  level?(): readonly string[];
  /** The whole summary after `subscribed`, later who is there. */
  summary?(frame: SummaryFrame): readonly string[];
  /** Where a command of this socket's subject stands. */
  reply?(frame: ReplyFrame): readonly string[];
}

export interface Piece<Part> {
  readonly part: Part;
  /** What it adds to its frame, in bytes of UTF-8: its pace is counted by this. */
  readonly bytes: number;
  /** Neighbours with the same one leave in one frame, as far as they leave at one moment; null: it goes alone. */
  readonly run: string | null;
}

export interface Ending {
  readonly frames: readonly string[];
  /** The code with which the socket closes after them; it stays open without. */
  readonly close?: number;
}
