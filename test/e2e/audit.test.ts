import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import type { AuditPage } from "../../protocol/mod.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** Connections that break: no peer inside the runtime can do that. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: folder, secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  token = await mintToken(secret, { subject: "ada", grants: ["admin:*"], ttlMs: 600_000 });
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A socket whose first frame, sent after `first` if that is given, has come. */
async function openSocket(path: string, first?: object): Promise<WebSocket> {
  const url = `${proxy.origin.replace("http", "ws")}${path}`;
  const socket = new WebSocket(url, ["tailrace.v1", `bearer.${token}`]);
  socket.addEventListener("open", () => first && socket.send(JSON.stringify(first)));
  await once(socket, "message");
  return socket;
}

async function ends(channel: string): Promise<unknown[]> {
  const query = `channel=${channel}&action=unsubscribe,abnormal_close`;
  const response = await fetch(`${gateway.url}/v1/audit?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { events } = (await response.json()) as AuditPage;
  return events.map(({ action, subject, code }) => ({ action, subject, code }));
}

test.each([
  { what: "a direct socket", path: "/ws/channels/build/direct", channel: "build/direct" },
  { what: "a socket on /ws", path: "/ws", channel: "build/many" },
])("[AUD20] $what that breaks is recorded once, as 1006", async ({ path, channel }) => {
  const subscribe = { type: "subscribe", channel };
  await openSocket(path, path === "/ws" ? subscribe : undefined);
  proxy.cut();
  const expected = [{ action: "abnormal_close", subject: "ada", code: 1006 }];
  await vi.waitFor(async () => expect(await ends(channel)).toEqual(expected), {
    timeout: 30_000,
    interval: 100,
  });
  // What another one tells later comes after it: nothing more was told of the first.
  proxy.mend();
  const other = await openSocket(path, path === "/ws" ? subscribe : undefined);
  other.close(1000);
  const both = [{ action: "unsubscribe", subject: "ada" }, ...expected];
  await vi.waitFor(async () => expect(await ends(channel)).toEqual(both), { timeout: 30_000, interval: 100 });
});
