import type { Result } from "../codes.ts";
import type { Entry } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame } from "../frames/down.ts";

/** What a dialect's client asks, in the gateway's words. `id` is the channel as the client calls it. */
export type DialectRequest =
  | { readonly kind: "subscribe"; readonly id: string; readonly channel: string; readonly cursor?: number }
  | { readonly kind: "unsubscribe"; readonly id: string }
  | { readonly kind: "ping" };

/** A pure codec between another system's frames and ours. Its clients acknowledge nothing. */
export interface Dialect {
  readonly name: string;
  /** Reads a frame from a client. Unknown fields are ignored and `null` is absent, so that old clients work. */
  decode(frame: Untrusted): Result<DialectRequest>;
  /** The frame of one entry. */
  encodeEntry(id: string, entry: Entry, cursor: number): string;
  encodeGap(id: string, gap: GapFrame): string;
  encodeEnd(id: string, end: EndFrame): string;
  encodeError(problem: Pick<ErrorFrame, "code" | "message">, id?: string): string;
  readonly pong: string;
}
