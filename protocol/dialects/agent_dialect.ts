import type { Result } from "../codes.ts";
import type { AppendEntry, JsonObject } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { CommandDownFrame, SummaryFrame } from "../frames/down.ts";
import type { ErrorAbout, Speech } from "./dialect.ts";

/**
 * A codec between another system's agents and ours on `/ws/agent`: pure and synchronous. It is one file here and
 * one line in `agent_dialects.ts`.
 */
export interface AgentDialect {
  readonly name: string;
  /** The key by which a frame decides for it. */
  readonly key: string;
  /** Begins what one socket speaks, for its life. */
  speak(agent: SpeakingAgent): AgentSpeech;
}

export interface SpeakingAgent {
  /** The socket's name, of no other one: by it an agent's own entries are told from those of others. Up to 64 characters. */
  readonly name: string;
  /** The token's. */
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What one agent's socket speaks. `read` begins a reading of what others publish, live. */
export interface AgentSpeech extends Pick<Speech, "read" | "encodeError"> {
  /** Reads a frame from an agent. Unknown fields are ignored and `null` is absent. */
  decode(frame: Untrusted): Result<readonly AgentRequest[]>;
  /** What a refused frame says of itself, as far as that is right. */
  about(frame: Untrusted): ErrorAbout;
  /**
   * What the agent gets of what a channel that it joined as `id` tells its agents. What it got before on this
   * socket is not told again.
   */
  hear(id: string, frame: CommandDownFrame | SummaryFrame): readonly string[];
}

/** What an agent asks, in the gateway's words and in the order in which it is to be done. */
export type AgentRequest =
  /** It takes the channel's commands, and reads live what others publish. `id` is the channel as it calls it. */
  | { readonly kind: "join"; readonly id: string; readonly channel: string }
  | { readonly kind: "leave"; readonly id: string; readonly channel: string }
  /** Entries of its own, for a channel that it may not have joined. */
  | {
      readonly kind: "publish";
      readonly id: string;
      readonly channel: string;
      readonly entries: readonly AppendEntry[];
    }
  /** It has taken every command up to this cursor. */
  | { readonly kind: "ack"; readonly channel: string; readonly cursor: number }
  /** Its answer to a command; `cursor` tells commands of one id apart, where it is known. */
  | {
      readonly kind: "answer";
      readonly id: string;
      readonly channel: string;
      readonly command: string;
      readonly cursor?: number;
      readonly data: JsonObject;
      readonly final: boolean;
    }
  /** It gets this frame, as to a ping. */
  | { readonly kind: "tell"; readonly frame: string };
