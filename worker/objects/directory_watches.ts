import { limits, type Problem } from "../../protocol/mod.ts";
import {
  matchesPattern,
  openStatement,
  type ParsedPattern,
  parsePattern,
  type WatchFrame,
  type WatchPlan,
  watchFrameNames,
  watchSchema,
  watchStatement,
} from "../core/watch.ts";

/** The sockets by which the directory tells agents' Workers of channels. They hibernate; what each wants is attached. */
export class DirectoryWatches {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.storage.sql.exec(watchSchema);
  }

  /** Takes a watch if there is room for it. */
  admits(): Problem | null {
    const count = this.#ctx.getWebSockets().length;
    if (count < limits.directoryWatches) return null;
    return {
      code: "too_many_agents",
      message: `${count} patterns are joined in this tenant, which is all its directory takes. Try again in 30 seconds.`,
      expected: limits.directoryWatches,
      retryAfterMs: 30_000,
    };
  }

  /** Begins a watch: names what is there. Nothing can come in between, for nothing awaits here. */
  open(socket: WebSocket, { pattern }: WatchPlan): void {
    this.#ctx.acceptWebSocket(socket);
    const parsed = parsePattern(pattern);
    socket.serializeAttachment(parsed);
    const found = this.#names(watchStatement(parsed, limits.agentChannels + 1));
    const channels = found.slice(0, limits.agentChannels);
    for (let i = 0; i < channels.length; i += watchFrameNames) {
      this.#tell(socket, { channels: channels.slice(i, i + watchFrameNames) });
    }
    if (found.length > channels.length) this.#tell(socket, { channels: [], hasMore: true });
  }

  /** Runs what may change a channel's entry, and tells of the channel if it is to be served only since then. */
  around(channel: string, change: () => void): void {
    const interested = this.#ctx.getWebSockets().filter((socket) => isFor(socket, channel));
    const wasOpen = interested.length > 0 && this.#isOpen(channel);
    change();
    if (interested.length === 0 || wasOpen || !this.#isOpen(channel)) return;
    for (const socket of interested) this.#tell(socket, { channels: [channel] });
  }

  #isOpen(channel: string): boolean {
    return this.#names(openStatement(channel)).length > 0;
  }

  #names({ sql, bindings }: ReturnType<typeof openStatement>): string[] {
    const rows = this.#ctx.storage.sql.exec<{ channel: string }>(sql, ...bindings);
    return rows.toArray().map(({ channel }) => channel);
  }

  #tell(socket: WebSocket, frame: WatchFrame): void {
    try {
      socket.send(JSON.stringify(frame));
    } catch {
      // It is closed or closing: its Worker opens another and is told anew.
    }
  }
}

function isFor(socket: WebSocket, channel: string): boolean {
  const pattern = socket.deserializeAttachment() as ParsedPattern | null;
  return pattern !== null && matchesPattern(pattern, channel);
}
