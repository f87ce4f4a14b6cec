import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken } from "../../client/cli/mint.ts";
import { PlainSocket } from "../e2e/plain_socket.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** [FLT40] project rooms, spoken by plain clients, while the gateway is killed and the agent is away. */

const secret = "a secret for the tests, of 32 bytes and more";
const projectGuid = "away";
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

interface Envelope {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly id: string;
  readonly from?: string;
}

/** A socket of the system's own client or agent, which has joined the project. */
async function joined(subject: string, path = "/ws"): Promise<PlainSocket> {
  const grants = path === "/ws" ? ["read:project/*", "command:project/*"] : ["serve:project/*"];
  const token = await mintToken(secret, { subject, grants, ttlMs: 3_600_000 });
  const socket = await PlainSocket.open(path, { url: gateway.url, token });
  say(socket, "join_project", {});
  await until(socket, path === "/ws" ? "project_status_change" : "project_status_sync");
  return socket;
}

function say(socket: PlainSocket, type: string, data: object, id?: string): void {
  socket.send(JSON.stringify({ type, projectGuid, data, timestamp: new Date().toISOString(), id }));
}

async function until(socket: PlainSocket, type: string): Promise<Envelope> {
  for (;;) {
    const frame = JSON.parse(await socket.next()) as Envelope;
    if (frame.type === type) return frame;
  }
}

/** What was sent before it is stored: the gateway takes a socket's frames in order, and refuses this one. */
async function settled(socket: PlainSocket): Promise<void> {
  say(socket, "user_feedback", { text: "<script>" }, "last");
  expect((await until(socket, "error")).data["feedbackId"]).toBe("last");
}

test("[FLT40] feedback that was sent while the agent was away is delivered once, in order, and answered to its sender", async () => {
  const [ada, bob] = [await joined("ada"), await joined("bob")];
  say(ada, "user_feedback", { text: "first" }, "a-1");
  await settled(ada);
  say(bob, "user_feedback", { text: "second" }, "b-1");
  await settled(bob);
  say(ada, "user_feedback", { text: "third" }, "a-2");
  await settled(ada);
  await gateway.kill("both");
  await gateway.start();
  const agent = await joined("agents", "/ws/agent");
  const [adaBack, bobBack] = [await joined("ada"), await joined("bob")];
  const got = [];
  for (let i = 0; i < 3; i++) {
    const { id, data, from } = await until(agent, "user_feedback");
    got.push([id, from, data["text"]]);
    say(agent, "user_feedback_response", { feedbackId: id, text: `${data["text"]} is done` });
  }
  expect(got).toEqual([
    ["a-1", "ada", "first"],
    ["b-1", "bob", "second"],
    ["a-2", "ada", "third"],
  ]);
  for (const socket of [adaBack, bobBack]) {
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push((await until(socket, "user_feedback_response")).data);
    expect(answers).toEqual([
      { feedbackId: "a-1", text: "first is done" },
      { feedbackId: "b-1", text: "second is done" },
      { feedbackId: "a-2", text: "third is done" },
    ]);
  }
  // An agent that comes after it gets nothing of that again.
  agent.close();
  const next = await joined("agents", "/ws/agent");
  say(adaBack, "user_feedback", { text: "fourth" }, "a-3");
  expect((await until(next, "user_feedback")).id).toBe("a-3");
  for (const socket of [ada, bob, adaBack, bobBack, next]) socket.close();
});
