import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken } from "../../client/cli/mint.ts";
import { ApiClient, LogSocketClient } from "../../client/sdk/mod.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** [FLT30] commands outlive the gateway that stored them, and reach one that was away. */

const secret = "a secret for the tests, of 32 bytes and more";
const channel = "project/away";
let folder: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await GatewayProcess.start(folder, secret);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("[FLT30] what was accepted before a kill is there after it, in order, and what was not is sent again once", async () => {
  const token = await mintToken(secret, { subject: "ada", grants: ["admin:*"], ttlMs: 3_600_000 });
  const client = new LogSocketClient({ url: gateway.url, token, random: () => 0.01 });
  const api = new ApiClient({ url: gateway.url, token });
  const replies: string[] = [];
  client.subscribe(channel, { last: 0 }, {});
  const send = (id: string) =>
    client.command(channel, {
      id,
      name: "user_feedback",
      data: { text: id },
      onReply: ({ state }) => replies.push(`${id} ${state}`),
    });
  const before = ["a", "b", "c"].map(send);
  for (const sent of before) expect(await sent.accepted).toMatchObject({ ok: true });
  await gateway.kill("both");
  const meanwhile = ["d", "e"].map(send);
  await gateway.start();
  for (const sent of meanwhile) expect(await sent.accepted).toMatchObject({ ok: true });
  const stored = await Promise.all(["a", "b", "c", "d", "e"].map((id) => api.readCommand(channel, id)));
  expect(
    stored.map((answer) => answer.ok && [answer.value.id, answer.value.cursor, answer.value.state]),
  ).toEqual([
    ["a", 1, "accepted"],
    ["b", 2, "accepted"],
    ["c", 3, "accepted"],
    ["d", 4, "accepted"],
    ["e", 5, "accepted"],
  ]);
  expect(await api.command(channel, { id: "a", name: "other" })).toMatchObject({
    ok: true,
    value: { cursor: 1, name: "user_feedback" },
  });
  expect(replies).toEqual(["a", "b", "c", "d", "e"].map((id) => `${id} accepted`));
  expect((await api.end(channel, { status: "success" })).ok).toBe(true);
  for (const sent of [...before, ...meanwhile]) {
    expect(await sent.finished).toMatchObject({
      ok: true,
      value: { state: "expired", code: "channel_ended" },
    });
  }
  await client.close();
});
