import { parseChannelName } from "../../protocol/mod.ts";
import type { NumberedProducerOptions } from "./numbered_producer.ts";
import type { ProducerOptions } from "./producer_options.ts";
import type { WatchWakes } from "./wake.ts";

export interface SocketProducerOptions extends NumberedProducerOptions {
  readonly heartbeatMs?: number;
  readonly webSocket?: typeof WebSocket;
  readonly watchWakes?: WatchWakes;
}

/** Where a producer connects to; throws at what is no channel's name, which is a caller's mistake. */
export function producerUrl({ url, channel, project }: ProducerOptions): string {
  const name = parseChannelName(channel);
  if (!name.ok) throw new TypeError(name.problem.message);
  const { kind, id } = name.value;
  const address = new URL(`/ws/producers/${kind}/${encodeURIComponent(id)}`, url);
  address.protocol = address.protocol.replace("http", "ws");
  if (project !== undefined) address.searchParams.set("project", project);
  return address.href;
}
