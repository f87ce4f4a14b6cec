import { evictDurableObject } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import { limits } from "../../protocol/mod.ts";
import { LateFrames } from "../../worker/routes/ws/late_frames.ts";
import { stubOf } from "./channel_client.ts";
import {
  appendLines,
  call,
  type Frame,
  freshChannel,
  handshake,
  post,
  TestSocket,
  token,
} from "./gateway.ts";

/** An agent of project rooms: no subprotocol, its token in the query. */
async function openAgent(
  sub = "agents",
  grants: readonly string[] = ["serve:project/*"],
): Promise<TestSocket> {
  const as = await token({ sub, grants });
  return new TestSocket(await handshake(`/ws/agent?token=${as}`, { as: null }));
}

async function openClient(sub = "ada"): Promise<TestSocket> {
  const as = await token({ sub });
  return new TestSocket(await handshake(`/ws?token=${as}`, { as: null }));
}

const idOf = (channel: string) => channel.slice(channel.indexOf("/") + 1);
const dataOf = (frame: Frame | null) => (frame?.["data"] ?? {}) as Record<string, unknown>;

async function join(socket: TestSocket, channel: string): Promise<Frame> {
  socket.send({ type: "join_project", projectGuid: idOf(channel) });
  return socket.until("project_status_sync");
}

async function feed(channel: string, id: string, sub = "ada"): Promise<void> {
  const body = { id, name: "user_feedback", data: { text: id } };
  const sent = await post(`/v1/channels/${channel}/commands`, body, { as: await token({ sub }) });
  expect(sent.status).toBe(202);
}

async function stateOf(channel: string, id: string, subject = "ada"): Promise<Record<string, unknown>> {
  const path = `/v1/channels/${channel}/commands/${id}?subject=${subject}`;
  return (await (await call(path)).json()) as Record<string, unknown>;
}

/** The ids of the next feedback. */
async function told(socket: TestSocket, count: number): Promise<unknown[]> {
  const ids: unknown[] = [];
  while (ids.length < count) ids.push((await socket.until("user_feedback"))["id"]);
  return ids;
}

const say = (channel: string, text: string) => ({
  ...{ type: "agent_message", projectGuid: idOf(channel), data: { text } },
});
const respond = (channel: string, data: object) => ({
  ...{ type: "user_feedback_response", projectGuid: idOf(channel), data },
});

beforeAll(async () => {
  await appendLines(freshChannel(), ["the gateway is up"]);
});

test("[BAW1] what an agent did not acknowledge goes to the next one, what it did does not, and no two have one", async () => {
  const channel = freshChannel("project");
  const [first, second] = [await openAgent(), await openAgent()];
  await join(first, channel);
  await join(second, channel);
  await feed(channel, "f-1");
  expect(await told(first, 1)).toEqual(["f-1"]);
  expect(await stateOf(channel, "f-1")).toMatchObject({ state: "accepted" });
  first.send(say(channel, "I have it"));
  await expect.poll(async () => (await stateOf(channel, "f-1"))["state"]).toBe("delivered");
  await feed(channel, "f-2");
  await feed(channel, "f-3");
  expect(await told(first, 2)).toEqual(["f-2", "f-3"]);
  first.close();
  expect(await told(second, 2)).toEqual(["f-2", "f-3"]);
  second.send(respond(channel, { feedbackId: "f-3", text: "done" }));
  await expect.poll(async () => (await stateOf(channel, "f-3"))["state"]).toBe("answered");
  expect(await stateOf(channel, "f-2")).toMatchObject({ state: "delivered" });
  second.close();
});

test("[BAW2] answers are for the senders that they name, and every client of the project sees them", async () => {
  const channel = freshChannel("project");
  const [ada, bob, agent] = [await openClient("ada"), await openClient("bob"), await openAgent()];
  for (const socket of [ada, bob]) {
    socket.send({ type: "join_project", projectGuid: idOf(channel) });
    await socket.until("project_status_change");
  }
  await join(agent, channel);
  // Both chose the same id.
  await feed(channel, "1", "ada");
  await feed(channel, "1", "bob");
  expect(await told(agent, 2)).toEqual(["1", "1"]);
  agent.send(respond(channel, { feedbackId: "1", text: "for ada" }));
  agent.send(respond(channel, { feedbackId: "1", text: "for bob" }));
  for (const socket of [ada, bob]) {
    for (const text of ["for ada", "for bob"]) {
      expect(dataOf(await socket.until("user_feedback_response"))).toEqual({ feedbackId: "1", text });
    }
  }
  for (const sub of ["ada", "bob"]) {
    await expect.poll(async () => (await stateOf(channel, "1", sub))["state"]).toBe("answered");
    const answer = { feedbackId: "1", text: `for ${sub}`, published: true };
    expect((await stateOf(channel, "1", sub))["data"]).toEqual(answer);
  }
  for (const socket of [ada, bob, agent]) socket.close();
});

test("[BAW3] a lost connection to a channel is made anew: nothing is told twice, and answers arrive", async () => {
  const channel = freshChannel("project");
  const agent = await openAgent();
  await join(agent, channel);
  await feed(channel, "f-1");
  await feed(channel, "f-2");
  expect(await told(agent, 2)).toEqual(["f-1", "f-2"]);
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  agent.send(respond(channel, { feedbackId: "f-1", text: "while it was away" }));
  await expect.poll(async () => (await stateOf(channel, "f-1"))["state"]).toBe("answered");
  await feed(channel, "f-3");
  expect(await told(agent, 1)).toEqual(["f-3"]);
  agent.send({ type: "ping", projectGuid: idOf(channel) });
  await expect.poll(async () => (await stateOf(channel, "f-3"))["state"]).toBe("delivered");
  expect(await stateOf(channel, "f-2")).toMatchObject({ state: "delivered" });
  agent.close();
});

test("[BAW4] a project that was left tells nothing, and one that is not granted is refused while the others go on", async () => {
  const [mine, other] = [freshChannel("project"), freshChannel("project")];
  const agent = await openAgent("agents", [`serve:${mine}`]);
  agent.send({ type: "join_project", projectGuid: idOf(other) });
  expect(await agent.next()).toMatchObject({
    type: "error",
    projectGuid: idOf(other),
    data: { code: "forbidden" },
  });
  agent.send(say(other, "hello"));
  expect(await agent.next()).toMatchObject({ type: "error", data: { code: "forbidden" } });
  agent.send(respond(other, { feedbackId: "f-1" }));
  const codes = [dataOf(await agent.next()), dataOf(await agent.next())].map(({ code }) => code);
  expect(codes.toSorted()).toEqual(["forbidden", "not_subscribed"]);
  await join(agent, mine);
  agent.send({ type: "leave_project", projectGuid: idOf(mine) });
  await expect.poll(async () => (await summaryOf(mine))["agents"]).toBe(0);
  await appendLines(mine, ["unseen"]);
  await feed(mine, "f-1");
  agent.send({ type: "ping", projectGuid: idOf(mine) });
  expect(await agent.next()).toMatchObject({ type: "pong" });
  await join(agent, mine);
  expect(await told(agent, 1)).toEqual(["f-1"]);
  agent.close();
});

test("[BAW5] what waits for a connection is bounded, kept in order, and given out once", () => {
  const late = new LateFrames();
  const half = "x".repeat(limits.upFrameBytes / 2);
  expect(late.keep("project/a", half).ok).toBe(true);
  expect(late.keep("project/b", "b").ok).toBe(true);
  expect(late.keep("project/a", half)).toMatchObject({
    ok: false,
    problem: { code: "restarting", retryAfterMs: 1_000 },
  });
  expect(late.keep("project/a", "a").ok).toBe(true);
  expect(late.take("project/a")).toEqual([half, "a"]);
  expect(late.take("project/a")).toEqual([]);
  expect(late.keep("project/a", half).ok).toBe(true);
  expect(late.take("project/b")).toEqual(["b"]);
});

test("[BAW6] an agent hears what others publish in every project that it serves, however many a client may read", async () => {
  const projects = Array.from({ length: limits.channelsPerSocket + 1 }, () => freshChannel("project"));
  const agent = await openAgent();
  for (const channel of projects) await join(agent, channel);
  for (const channel of [projects[0] ?? "", projects.at(-1) ?? ""]) {
    await appendLines(channel, ["news"]);
    const update = await agent.until("project_update");
    expect([update["projectGuid"], dataOf(update)["cursor"]]).toEqual([idOf(channel), 1]);
  }
  agent.close();
});

async function summaryOf(channel: string): Promise<Record<string, unknown>> {
  return (await (await call(`/v1/channels/${channel}`)).json()) as Record<string, unknown>;
}
