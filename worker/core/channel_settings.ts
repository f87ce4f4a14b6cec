import type { ChannelSettings } from "./ports.ts";
import type { Settings } from "./settings.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** The settings as they are for one channel: some differ by its kind. */
export function channelSettings(settings: Settings, channel: string): ChannelSettings {
  const isTask = channel.startsWith("task/");
  const days = isTask ? settings.LOG_RETENTION_DAYS : settings.RETENTION_DAYS;
  return {
    windowTotalBytes: settings.WINDOW_TOTAL_BYTES,
    maxDirectViewers: isTask
      ? Math.min(settings.MAX_CLIENTS_PER_TASK, settings.MAX_DIRECT_VIEWERS)
      : settings.MAX_DIRECT_VIEWERS,
    retention: {
      ageMs: days * dayMs,
      bytes: settings.RETENTION_BYTES,
      entries: settings.RETENTION_ENTRIES,
    },
    socketTimeoutMs: settings.WEBSOCKET_TIMEOUT * 1000,
    framesPerSecond: settings.MAX_FRAMES_PER_SECOND,
    connectsPerSecond: settings.MAX_CONNECTS_PER_SECOND,
    commandsPerSecond: settings.MAX_COMMANDS_PER_SECOND,
    commandTtlMs: settings.COMMAND_TTL_SECONDS * 1000,
    agentGraceMs: settings.AGENT_GRACE_SECONDS * 1000,
    allowsHostile: settings.ALLOW_HOSTILE_CONTENT,
  };
}
