import type { PaceRules } from "../../core/pacing.ts";
import type { Settings } from "../../core/settings.ts";

/** How fast those are sent to that cannot acknowledge. */
export function paceRules(settings: Settings): PaceRules {
  return {
    bytesPerSecond: settings.PACE_BYTES_PER_SECOND,
    firstBytes: settings.PACE_FIRST_BYTES,
    messagesPerSecond: settings.PACE_MESSAGES_PER_SECOND,
    queueBytes: settings.PACE_QUEUE_BYTES,
  };
}
