import { afterEach } from "vitest";
import { LogSocketClient, type LogSocketClientOptions } from "../../client/sdk/mod.ts";
import { type WireFaults, WireGateway } from "./wire_gateway.ts";

/** Gateways and clients that end with their test. */
const gateways: WireGateway[] = [];
const clients: LogSocketClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

export async function startGateway(faults: Partial<WireFaults> = {}): Promise<WireGateway> {
  const gateway = await WireGateway.start(faults);
  gateways.push(gateway);
  return gateway;
}

/** A client whose backoff is a hundredth of the real one. */
export function startClient(
  gateway: WireGateway,
  options: Partial<LogSocketClientOptions> = {},
): LogSocketClient {
  const client = new LogSocketClient({ url: gateway.url, random: () => 0.01, ...options });
  clients.push(client);
  return client;
}
