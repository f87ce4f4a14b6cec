import { LogSocketClient } from "../sdk/mod.ts";
import type { LogSource } from "./adapter.ts";

/**
 * Reads channels from a gateway, each over a direct socket, as the session's cookie allows. Nothing is kept
 * between loads: a page always reads from the oldest line.
 */
export function sdkSource(url: string): LogSource {
  return {
    open(channel, listener, onState) {
      const client = new LogSocketClient({ url, transport: "direct" });
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
