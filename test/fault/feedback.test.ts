import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../client/cli/mint.ts";
import { AgentClient, type JoinOptions, LogSocketClient, type SentCommand } from "../../client/sdk/mod.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** [FLT11] feedback waits for an agent that is away, through the death of the gateway. */

const secret = "a secret for the tests, of 32 bytes and more";
const channel = "project/feedback";
const count = 20;
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

const mint = (subject: string, grants: readonly string[]) =>
  mintToken(secret, { subject, grants, ttlMs: 600_000 });

/** A person who reads the project and sends feedback; both name theirs alike. */
async function person(subject: string) {
  const token = await mint(subject, [`read:${channel}`, `command:${channel}`]);
  const client = new LogSocketClient({ url: gateway.url, token, random: () => 0.02 });
  client.subscribe(channel, { last: 0 }, {});
  const send = (n: number): SentCommand =>
    client.command(channel, { id: `f-${n}`, name: "feedback", data: { by: subject, n } });
  return { client, send };
}

async function serve(onCommand: JoinOptions["onCommand"]): Promise<AgentClient> {
  const token = await mint("agent", ["serve:project/*"]);
  const agent = new AgentClient({ url: gateway.url, token, random: () => 0.02 });
  agent.join("project/*", { group: "server", onCommand });
  return agent;
}

describe("kill -9 between feedback and its agent", () => {
  test("[FLT11] feedback is delivered once, in order, and answered to whoever sent it", async () => {
    const people = [await person("ada"), await person("bob")];
    const sent: SentCommand[] = [];
    for (let n = 0; n < count; n++) {
      for (const { send } of people) {
        const command = send(n);
        expect((await command.accepted).ok).toBe(true);
        sent.push(command);
      }
    }
    await gateway.kill("both");
    await gateway.start();
    const got: unknown[] = [];
    let half: () => void = () => undefined;
    const hasHalf = new Promise<void>((resolve) => {
      half = resolve;
    });
    const agent = await serve((command) => {
      if (got.push(command.data) === count) half();
      command.answer({ to: command.data });
    });
    try {
      await hasHalf;
      await gateway.kill("both");
      await gateway.start();
      const replies = await Promise.all(sent.map(({ finished }) => finished));
      const all = Array.from({ length: count }, (_, n) => ["ada", "bob"].map((by) => ({ by, n }))).flat();
      expect(got).toEqual(all);
      expect(replies).toMatchObject(
        all.map((to, i) => ({
          ok: true,
          value: { id: sent[i]?.id, state: "answered", data: { to }, final: true },
        })),
      );
    } finally {
      agent.close();
      for (const { client } of people) await client.close();
    }
  }, 60_000);
});
