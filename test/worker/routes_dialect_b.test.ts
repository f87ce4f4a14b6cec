import { evictDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/mod.ts";
import { auditLog, auditTestMs, freshTenant, said } from "./audit_client.ts";
import { TestSocket as ObjectSocket, stubOf } from "./channel_client.ts";
import {
  appendLines,
  call,
  type Frame,
  freshChannel,
  handshake,
  post,
  problemIn,
  TestSocket,
  token,
} from "./gateway.ts";

/** A client of project rooms: no subprotocol, its token in the query. */
async function openB(as?: string): Promise<TestSocket> {
  return new TestSocket(await handshake(`/ws?token=${as ?? (await token())}`, { as: null }));
}

const idOf = (channel: string) => channel.slice(channel.indexOf("/") + 1);
const agentOf = (channel: string) => ObjectSocket.open(channel, { role: "agent", group: "g" });
const dataOf = (frame: Frame | null) => (frame?.["data"] ?? {}) as Record<string, unknown>;

/** Joins, and reads the answer. */
async function join(socket: TestSocket, channel: string, data?: object): Promise<void> {
  socket.send({ type: "join_project", projectGuid: idOf(channel), data });
  expect(await socket.next()).toMatchObject({ type: "project_status_change", projectGuid: idOf(channel) });
}

/** Publishes as services do that are no agent. */
function publish(channel: string, event: string, data: object): Promise<Response> {
  return post(`/v1/channels/${channel}/entries`, { entries: [{ kind: "event", event, data }] });
}

beforeAll(async () => {
  await appendLines(freshChannel(), ["the gateway is up"]);
});

test("[BRM1] a project's clients all get what services publish over HTTP, and who agents are; no other project's do", async () => {
  const [mine, other] = [freshChannel("project"), freshChannel("project")];
  const sockets = await Promise.all([openB(), openB(), openB()]);
  const [one, two, stranger] = sockets as [TestSocket, TestSocket, TestSocket];
  await join(one, mine);
  await join(two, mine);
  await join(stranger, other);
  const agent = await agentOf(mine);
  for (const socket of [one, two]) expect(dataOf(await socket.next())).toEqual({ agents: 1 });
  for (const type of ["project_stage_update", "project_message", "project_status_change"]) {
    expect((await publish(mine, type, { of: type })).status).toBe(200);
    for (const socket of [one, two]) {
      expect(await socket.next()).toMatchObject({ type, projectGuid: idOf(mine), data: { of: type } });
    }
  }
  agent.socket.close();
  for (const socket of [one, two]) expect(dataOf(await socket.next())).toEqual({ agents: 0 });
  stranger.send({ type: "ping", projectGuid: idOf(other) });
  expect(await stranger.next()).toMatchObject({ type: "pong", projectGuid: idOf(other) });
  for (const socket of sockets) socket.close();
});

test("[BRM2] feedback waits for an agent in order; its answer comes to the sender, an expiry too", async () => {
  const channel = freshChannel("project");
  const [ada, bob] = await Promise.all([
    openB(await token({ sub: "ada" })),
    openB(await token({ sub: "bob" })),
  ]);
  await join(ada, channel);
  await join(bob, channel);
  const feedback = (id: string, text: string) => ({
    ...{ type: "user_feedback", projectGuid: idOf(channel), timestamp: "whenever" },
    ...{ id, data: { text, markup: "a < b && c > d", emoji: "👩‍👩‍👧" } },
  });
  for (const id of ["f-1", "f-2", "f-3"]) ada.send(feedback(id, id));
  ada.send({ type: "ping", projectGuid: idOf(channel) });
  expect((await ada.next())?.type).toBe("pong");
  const agent = await agentOf(channel);
  for (const id of ["f-1", "f-2", "f-3"]) {
    const command = await agent.next("command");
    expect(command).toMatchObject({ id, name: "user_feedback", from: "ada", data: feedback(id, id).data });
  }
  for (const socket of [ada, bob]) expect(dataOf(await socket.next())).toEqual({ agents: 1 });
  const answer = { type: "answer", channel, id: "f-2", data: { text: "yes" }, final: true };
  agent.send(answer);
  expect(await ada.next()).toMatchObject({
    type: "user_feedback_response",
    data: { feedbackId: "f-2", text: "yes" },
  });
  await post(`/v1/channels/${channel}/end`, { status: "cancelled" });
  const told = [await ada.next(), await ada.next(), await ada.next()];
  const expired = told.filter((frame) => frame?.type === "error").map(dataOf);
  expect(expired).toMatchObject([
    { code: "channel_ended", feedbackId: "f-1" },
    { code: "channel_ended", feedbackId: "f-3" },
  ]);
  expect(told.map(dataOf)).toContainEqual({ status: "cancelled", ended: true });
  // Nobody else is told of what ada sent.
  expect(dataOf(await bob.next())).toEqual({ status: "cancelled", ended: true });
  ada.send(feedback("f-4", "too late"));
  expect(await ada.next()).toMatchObject({
    type: "error",
    data: { code: "channel_ended", feedbackId: "f-4" },
  });
  for (const socket of [ada, bob]) socket.close();
});

describe("bad input", () => {
  const deep = JSON.parse(`{"a":${"[".repeat(17)}${"]".repeat(17)}}`) as object;
  const text = (value: string) => ({ data: { text: value } });

  test.each([
    ["a script", text("<script>alert(1)</script>"), "hostile_content"],
    ["a handler", text('<img src=x onerror="alert(1)">'), "hostile_content"],
    ["a javascript link", text("[x](javascript:alert(1))"), "hostile_content"],
    ["a control character", text("bell\u0007"), "hostile_content"],
    ["a bidi override", text("abc\u202edef"), "hostile_content"],
    ["a hostile key", { data: { "<script>": 1 } }, "hostile_content"],
    ["a hostile text deep inside", { data: { a: [{ b: ["<script>"] }] } }, "hostile_content"],
    ["deep nesting", { data: deep }, "hostile_content"],
    ["an oversized payload", text("x".repeat(limits.commandBytes)), "command_too_large"],
    ["data that is no object", { data: ["red"] }, "invalid_field"],
    ["a project without the grant", { projectGuid: "another" }, "forbidden"],
    ["a project that is no id", { projectGuid: "../p1" }, "channel_name_invalid"],
    ["a project of another kind", { projectGuid: 5 }, "channel_name_invalid"],
    ["no project", { projectGuid: null }, "missing_field"],
    ["an agent's type", { type: "agent_message" }, "unknown_frame"],
    ["no type", { type: undefined }, "unknown_frame"],
  ])("[BRM3] %s is refused, stored nowhere, and the socket goes on", async (_, change, code) => {
    const channel = freshChannel("project");
    const other = freshChannel("project");
    const grants = [`read:${channel}`, `command:${channel}`, `read:${other}`];
    const as = await token({ grants });
    const socket = await openB(as);
    await join(socket, channel);
    await join(socket, other);
    const frame = {
      type: "user_feedback",
      projectGuid: idOf(channel),
      id: "f-1",
      data: { text: "red" },
      ...change,
    };
    socket.send(frame);
    const refused = await socket.next();
    expect(refused).toMatchObject({ type: "error", data: { code, message: expect.stringMatching(/\.$/) } });
    if (frame.type === "user_feedback") expect(dataOf(refused)["feedbackId"]).toBe("f-1");
    const stored = await problemIn(await call(`/v1/channels/${channel}/commands/f-1`, { as }));
    expect(stored.code).toBe("command_not_found");
    await publish(other, "project_message", { text: "goes on" });
    expect(await socket.next()).toMatchObject({
      projectGuid: idOf(other),
      data: { text: "goes on" },
      id: "1",
    });
    await publish(channel, "project_message", { text: "here too" });
    expect(await socket.next()).toMatchObject({ projectGuid: idOf(channel), id: "1" });
    socket.close();
  });

  test("[BRM5] feedback faster than MAX_COMMANDS_PER_SECOND is told to wait, and the socket stays open", async () => {
    const channel = freshChannel("project");
    const socket = await openB();
    await join(socket, channel);
    const answer = { refused: null as Frame | null };
    const isRefused = socket.until("error").then((frame) => {
      answer.refused = frame;
    });
    // No more of them may wait at once than a socket may have.
    for (let block = 0; block < 10 && answer.refused === null; block++) {
      const ids = Array.from({ length: 60 }, (_, i) => `f-${block}-${i}`);
      for (const id of ids) socket.send({ type: "user_feedback", projectGuid: idOf(channel), id, data: {} });
      await Promise.race([isRefused, stored(channel, ids.at(-1) ?? "")]);
    }
    await isRefused;
    const { refused } = answer;
    expect(dataOf(refused)).toMatchObject({ code: "too_fast", message: expect.stringContaining("20") });
    await publish(channel, "project_message", { text: "still here" });
    expect((await socket.until("project_message"))["data"]).toEqual({ text: "still here" });
    socket.close();
  });

  test("[BRM4] refused feedback is audited: hostile content by a name of its own", {
    timeout: auditTestMs,
  }, async () => {
    const tenant = freshTenant();
    const [mine, other] = [freshChannel("project"), freshChannel("project")];
    const grants = ["read:project/*", `command:${mine}`];
    const socket = await openB(await token({ tenant, grants }));
    const send = (channel: string, value: string) =>
      socket.send({ type: "user_feedback", projectGuid: idOf(channel), id: "f", data: { text: value } });
    send(mine, "<script>");
    expect(dataOf(await socket.next())).toMatchObject({ code: "hostile_content" });
    send(other, "red");
    expect(dataOf(await socket.next())).toMatchObject({ code: "forbidden" });
    send(mine, "red");
    socket.close();
    await socket.closed;
    expect((await auditLog(tenant, 3)).map(said)).toEqual([
      { action: "connect", subject: "ada" },
      { action: "content_refused", channel: mine, code: "hostile_content", subject: "ada" },
      { action: "command_refused", channel: other, code: "forbidden", subject: "ada" },
    ]);
  });
});

test("[BRM7] a command that is refused over HTTP is audited like one on a socket", {
  timeout: auditTestMs,
}, async () => {
  const tenant = freshTenant();
  const channel = freshChannel("project");
  const as = await token({ tenant, grants: ["command:*/*"] });
  const send = (data: unknown) => post(`/v1/channels/${channel}/commands`, { name: "x", data }, { as });
  expect((await send({ text: "<script>" })).status).toBe(400);
  expect((await send({ text: "x".repeat(limits.commandBytes) })).status).toBe(413);
  expect((await send({ text: "red" })).status).toBe(202);
  const install = await post("/v1/soft/install", { key: "nginx", version: "$(id)" }, { as });
  expect(install.status).toBe(400);
  const log = (await auditLog(tenant, 3)).map(said);
  expect(log).toMatchObject([
    { action: "content_refused", channel, code: "hostile_content", subject: "ada" },
    { action: "command_refused", channel, code: "command_too_large", subject: "ada" },
    { action: "command_refused", channel: expect.stringMatching(/^task\//), code: "invalid_field" },
  ]);
  expect(log).toHaveLength(3);
});

test("[BRM6] a lost connection to a channel is made anew, and nothing is lost, repeated or told twice", async () => {
  const channel = freshChannel("project");
  const socket = await openB();
  await join(socket, channel);
  socket.send({ type: "user_feedback", projectGuid: idOf(channel), id: "f-1", data: {} });
  await publish(channel, "agent_message", { n: 1 });
  expect(await socket.next()).toMatchObject({ type: "agent_message", id: "1" });
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  await publish(channel, "agent_message", { n: 2 });
  expect(await socket.next()).toMatchObject({ type: "agent_message", id: "2" });
  await pong(socket, channel);
  socket.close();
});

/** Waits until a command is there; of one that never is, for some seconds. */
async function stored(channel: string, id: string): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if ((await call(`/v1/channels/${channel}/commands/${id}`)).status === 200) return;
  }
}

async function pong(socket: TestSocket, channel: string): Promise<void> {
  socket.send({ type: "ping", projectGuid: idOf(channel) });
  await socket.until("pong");
}
