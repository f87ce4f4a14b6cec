import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import {
  ApiClient,
  type ClientProblem,
  InstallTasks,
  LogSocketClient,
  ProjectRoom,
  type RoomMessage,
} from "../../client/sdk/mod.ts";
import { CommandAgent } from "./command_agent.ts";

/** [ROC] the helpers of project rooms and install tasks with a real gateway. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let admin: string;
let api: ApiClient;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: folder, secret });
  admin = await mintToken(secret, { subject: "service", grants: ["admin:*"], ttlMs: 600_000 });
  api = new ApiClient({ url: gateway.url, token: admin });
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Looks until it is so, however busy the machine. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

async function openRoom(project: string, grants = ["read:project/*", "command:project/*"]) {
  const token = await mintToken(secret, { subject: "ada", grants, ttlMs: 600_000 });
  const client = new LogSocketClient({ url: gateway.url, token, random: () => 0.02 });
  closers.push(() => client.close());
  const heard: [string, RoomMessage][] = [];
  const agents: number[] = [];
  const problems: ClientProblem[] = [];
  const note = (name: string) => (message: RoomMessage) => void heard.push([name, message]);
  const room = new ProjectRoom(client, project, {
    onStageUpdate: note("stage"),
    onMessage: note("message"),
    onStatusChange: note("status"),
    onAgentMessage: note("agent"),
    onResponse: note("response"),
    onAgents: (count) => agents.push(count),
    onProblem: (problem) => problems.push(problem),
  });
  return { client, room, heard, agents, problems };
}

test("[ROC1] each message reaches its handler, lines and other events as messages", async () => {
  await api.append("project/p1", [{ line: "before anybody came" }]);
  const { room, heard } = await openRoom("p1");
  await soon(() => room.agents).toBe(0);
  const ts = 1_700_000_000_000;
  await api.append("project/p1", [
    {
      kind: "event",
      ts,
      event: "project_stage_update",
      data: { stage: "design", progress: 40 },
      from: "service",
    },
    { kind: "event", ts, event: "project_message", data: { text: "Drafting" } },
    { kind: "event", ts, event: "project_status_change", data: { status: "active" } },
    { kind: "event", ts, event: "agent_message", data: { text: "What colour?" } },
    { kind: "event", ts, event: "user_feedback_response", data: { feedbackId: "f-0", text: "Thanks" } },
    { ts, line: "rendering", stage: "build" },
    { kind: "event", ts, event: "cache", data: { hit: true } },
  ]);
  await soon(() => heard.length).toBe(7);
  expect(heard.map(([name, { type, data }]) => [name, type, data])).toEqual([
    ["stage", "project_stage_update", { stage: "design", progress: 40 }],
    ["message", "project_message", { text: "Drafting" }],
    ["status", "project_status_change", { status: "active" }],
    ["agent", "agent_message", { text: "What colour?" }],
    ["response", "user_feedback_response", { feedbackId: "f-0", text: "Thanks" }],
    ["message", "project_message", { level: "info", stage: "build", line: "rendering", ts }],
    [
      "message",
      "project_message",
      { level: "info", stage: "", line: 'cache {"hit":true}', ts, event: "cache" },
    ],
  ]);
  expect(heard[0]?.[1]).toMatchObject({ cursor: 2, ts, from: "service" });
});

test("[ROC2] feedback waits for an agent, is answered in order, and its states and presence are told", async () => {
  const { room, agents } = await openRoom("p2");
  await soon(() => room.agents).toBe(0);
  const states: string[] = [];
  const first = room.sendFeedback(
    { text: "Blue" },
    { id: "f-1", onReply: ({ state }) => states.push(state) },
  );
  const second = room.sendFeedback({ text: "Red" });
  expect(await first.accepted).toMatchObject({ ok: true, value: { id: "f-1", state: "accepted" } });
  expect(await second.accepted).toMatchObject({ ok: true, value: { id: second.id } });
  const agent = await CommandAgent.join(gateway.url, admin, "project/p2", ({ data }) => ({ noted: data }));
  expect(await first.response).toEqual({ ok: true, value: { noted: { text: "Blue" } } });
  expect(await second.response).toEqual({ ok: true, value: { noted: { text: "Red" } } });
  expect(agent.taken.map(({ id, name, from }) => [id, name, from])).toEqual([
    ["f-1", "user_feedback", "ada"],
    [second.id, "user_feedback", "ada"],
  ]);
  expect(states.at(0)).toBe("accepted");
  expect(states.at(-1)).toBe("answered");
  await soon(() => agents).toEqual([0, 1]);
  agent.close();
  await soon(() => agents).toEqual([0, 1, 0]);
});

test("[ROC3] a response that is published is matched by its feedbackId, and others' are not", async () => {
  const { room } = await openRoom("p3");
  await soon(() => room.agents).toBe(0);
  const feedback = room.sendFeedback({ text: "Blue" });
  await feedback.accepted;
  for (const feedbackId of ["another", feedback.id]) {
    const data = { feedbackId, text: `for ${feedbackId}` };
    await api.append("project/p3", [{ kind: "event", event: "user_feedback_response", data }]);
  }
  expect(await feedback.response).toEqual({
    ok: true,
    value: { feedbackId: feedback.id, text: `for ${feedback.id}` },
  });
});

test("[ROC4] what will not be answered says why: hostile, not granted, ended, left", async () => {
  const { room } = await openRoom("p4");
  const hostile = room.sendFeedback({ text: "<script>alert(1)</script>" });
  expect(await hostile.response).toMatchObject({ ok: false, problem: { code: "hostile_content" } });
  expect(await hostile.accepted).toMatchObject({ ok: false, problem: { id: hostile.id } });

  const reader = await openRoom("p4", ["read:project/*"]);
  expect(await reader.room.sendFeedback({}).response).toMatchObject({ problem: { code: "forbidden" } });
  await soon(() => reader.room.agents).toBe(0);

  const ending = room.sendFeedback({ text: "too late" });
  await ending.accepted;
  await api.end("project/p4", { status: "success" });
  expect(await ending.response).toMatchObject({
    ok: false,
    problem: { code: "channel_ended", id: ending.id },
  });

  const left = (await openRoom("p5")).room;
  const open = left.sendFeedback({ text: "hello?" });
  await open.accepted;
  await left.close();
  expect(await open.response).toMatchObject({ ok: false, problem: { code: "command_forgotten" } });
});

test("[ROC5] an install is started, followed and told, and what is refused says so", async () => {
  const tasks = new InstallTasks({ url: gateway.url, token: admin });
  const started = await tasks.start({ key: "nginx", version: "1.28.0", port: 8080 });
  if (!started.ok) throw new Error(started.problem.message);
  const { task_id, fn } = started.value;
  expect(fn).toBe(`${task_id}.log`);
  expect(await tasks.status(task_id)).toMatchObject({ ok: true, value: { task_id, is_completed: false } });
  await api.append(`task/${task_id}`, [
    { line: "unpacking", progress: 30 },
    { line: "done", progress: 90 },
  ]);
  const page = await tasks.history(task_id, { offset: 1 });
  expect(page).toMatchObject({ ok: true, value: { messages: [{ message: "done", offset: 2 }], next: null } });
  await api.end(`task/${task_id}`, { status: "success", exitCode: 0 });
  const status = { is_completed: true, success: true, exit_code: 0, progress: 100 };
  expect(await tasks.status(task_id)).toMatchObject({ ok: true, value: status });
  const refused = await tasks.start({ key: "nginx", version: "1", path: "/tmp; rm -rf /" });
  expect(refused).toMatchObject({ ok: false, problem: { code: "invalid_field" } });
});
