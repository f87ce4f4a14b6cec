import { LogSocketClient } from "../sdk/mod.ts";
import type { LogSource } from "./adapter.ts";

/**
 * Reads channels from a gateway, each over a direct socket, as the session's cookie allows. Nothing is kept
 * between loads: a page always reads from the oldest line. `heartbeatMs` null: the client's own.
 */
export function sdkSource(url: string, heartbeatMs: number | null): LogSource {
  return {
    open(channel, listener, onState) {
      const client = new LogSocketClient({
        url,
        transport: "direct",
        ...(heartbeatMs !== null && { heartbeatMs }),
      });
      const stopListening = client.onState(onState);
      client.subscribe(channel, {}, listener);
      return {
        close() {
          stopListening();
          void client.close();
        },
        reconnect: () => client.reconnect(),
      };
    },
  };
}
