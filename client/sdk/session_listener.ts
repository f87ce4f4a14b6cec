import type { KnownSessionFrame } from "../../protocol/dialects/e_decode.ts";
import type { SessionEventFrame } from "../../protocol/dialects/e_frames.ts";
import type { ClientProblem } from "./problem.ts";
import type { SessionView } from "./session_view.ts";

/** Events that will not come; `to` and `count` are null when the old journal was deleted. */
export interface SessionGap {
  readonly from: number;
  readonly to: number | null;
  readonly count: number | null;
}

/** What a session's clients tell. */
export interface SessionListener {
  /** The view has changed. */
  onView?(view: SessionView): void;
  /** Each event, known or the engine's own, after the view has taken it in. */
  onEvent?(frame: SessionEventFrame | KnownSessionFrame): void;
  onGap?(gap: SessionGap): void;
  /** Trouble: a refusal, a frame that does not parse and was skipped; with `final` there is no connection any more. */
  onProblem?(problem: ClientProblem): void;
}
