import { beforeAll, expect, test } from "vitest";
import { limits } from "../../protocol/mod.ts";
import { TestSocket as ObjectSocket } from "./channel_client.ts";
import { appendLines, call, freshChannel, openSocket, post, problemIn, token } from "./gateway.ts";

/** [RCM] commands at the gateway's doors: over HTTP, on the shared socket and on direct ones. */

const commands = (channel: string) => `/v1/channels/${channel}/commands`;
const agentOf = (channel: string) => ObjectSocket.open(channel, { role: "agent", group: "g" });
const recordIn = async (response: Response) => (await response.json()) as Record<string, unknown>;

beforeAll(async () => {
  await appendLines(freshChannel(), ["the gateway is up"]);
});

test("[RCM1] a command is stored, told where it stands, and read back by its sender alone", async () => {
  const channel = freshChannel("project");
  const ada = await token({ sub: "ada", grants: [`command:${channel}`] });
  const sent = await post(commands(channel), { id: "a/1", name: "pause", data: { now: true } }, { as: ada });
  expect(sent.status).toBe(202);
  const record = await recordIn(sent);
  expect(record).toMatchObject({
    channel,
    id: "a/1",
    from: "ada",
    name: "pause",
    cursor: 1,
    state: "accepted",
  });
  const path = `${commands(channel)}/${encodeURIComponent("a/1")}`;
  const read = await call(path, { as: ada });
  expect([read.status, await recordIn(read)]).toEqual([200, record]);

  const bob = await token({ sub: "bob", grants: [`command:${channel}`] });
  expect(await problemIn(await call(path, { as: bob }))).toMatchObject({
    status: 404,
    code: "command_not_found",
  });
  expect(await problemIn(await call(`${path}?subject=ada`, { as: bob }))).toMatchObject({
    code: "forbidden",
  });
  const engine = await token({ sub: "engine", grants: [`serve:${channel}`] });
  expect(await recordIn(await call(`${path}?subject=ada`, { as: engine }))).toEqual(record);
  expect(await recordIn(await call(`${path}?subject=ada`))).toEqual(record);
});

test("[RCM2] needs the grant command, by the channel's name or its project", async () => {
  const channel = freshChannel();
  await appendLines(channel, ["a"], "?project=shop");
  const send = async (grant: string) => {
    const as = await token({ grants: [grant] });
    return (await post(commands(channel), { name: "pause" }, { as })).status;
  };
  expect(await send(`command:${channel}`)).toBe(202);
  expect(await send("command:project/shop")).toBe(202);
  for (const grant of ["command:project/other", `read:${channel}`, `write:${channel}`, `serve:${channel}`]) {
    expect([grant, await send(grant)]).toEqual([grant, 403]);
  }
});

test("[RCM3] an id is made where none is given; what is wrong is refused, and nothing is stored", async () => {
  const channel = freshChannel("project");
  const made = await recordIn(await post(commands(channel), { name: "pause" }));
  expect(made).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), cursor: 1 });
  const refused: [unknown, string][] = [
    [{ name: "x", data: { text: "<script>" } }, "hostile_content"],
    [{ name: "x", data: [1] }, "invalid_field"],
    [{ name: "", data: {} }, "invalid_field"],
    [{ data: {} }, "missing_field"],
    [{ name: "x", colour: 1 }, "unknown_field"],
    [{ name: "x", data: { text: "x".repeat(limits.commandBytes) } }, "command_too_large"],
    [{ name: "x", data: { text: "x".repeat(8 * limits.commandBytes) } }, "body_too_large"],
  ];
  for (const [body, code] of refused) {
    expect(await problemIn(await post(commands(channel), body))).toMatchObject({ code });
  }
  const task = freshChannel("task");
  expect(await problemIn(await post(commands(task), { name: "reboot" }))).toMatchObject({
    status: 400,
    code: "unknown_command",
  });
  expect(
    await problemIn(await post(commands(task), { name: "install", data: { key: "a", v: "$(id)" } })),
  ).toMatchObject({ status: 400, code: "invalid_field" });
  expect(await recordIn(await post(commands(channel), { name: "pause" }))).toMatchObject({ cursor: 2 });
});

test("[RCM4] on /ws a command needs no subscription, and each state is told once where the channel is read", async () => {
  const channel = freshChannel("project");
  const socket = await openSocket("/ws");
  const frame = (id: string) => ({ type: "command", channel, id, name: "pause", data: {} });
  socket.send(frame("a"));
  expect(await socket.next()).toEqual({ type: "reply", channel, id: "a", state: "accepted" });
  socket.send({ type: "subscribe", channel });
  expect((await socket.next())?.type).toBe("subscribed");
  expect((await socket.next())?.type).toBe("summary");
  const agent = await agentOf(channel);
  expect(await agent.next("command")).toMatchObject({ id: "a", from: "ada" });
  agent.send({ type: "commandAck", channel, cursor: 1 });
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) socket.send(frame(`b${i}`));
  for (let i = 0; i < 20; i++) expect(await agent.next("command")).toMatchObject({ id: `b${i}` });
  agent.send({ type: "commandAck", channel, cursor: 21 });
  agent.send({ type: "answer", channel, id: "b19", data: 1, final: true });
  while (seen.at(-1) !== "b19 answered") {
    const reply = await socket.until("reply");
    seen.push(`${String(reply["id"])} ${String(reply["state"])}`);
  }
  const told = Array.from({ length: 20 }, (_, i) => [`b${i} accepted`, `b${i} delivered`]).flat();
  // What stood on subscribing may be told again by then.
  const first = seen.filter((each) => each !== "a accepted");
  expect(first.toSorted()).toEqual(["a delivered", ...told, "b19 answered"].toSorted());
  for (const states of [first.filter((each) => each.endsWith("accepted"))]) {
    expect(states).toEqual(Array.from({ length: 20 }, (_, i) => `b${i} accepted`));
  }
});

test("[RCM5] on /ws a refused command is told by its channel and id, and the socket stays open", async () => {
  const channel = freshChannel("project");
  const as = await token({ grants: [`command:${channel}`] });
  const socket = await openSocket("/ws", { as });
  const send = (id: string, more: object) =>
    socket.send({ type: "command", channel, id, name: "x", data: {}, ...more });
  send("a", { channel: "project/other" });
  expect(await socket.next()).toMatchObject({
    type: "error",
    code: "forbidden",
    channel: "project/other",
    id: "a",
    expected: "command:project/other",
  });
  send("b", { data: { text: "javascript:1" } });
  expect(await socket.next()).toMatchObject({ type: "error", code: "hostile_content", channel, id: "b" });
  send("", {});
  expect(await socket.next()).toMatchObject({ type: "error", code: "invalid_field", channel });
  send("c", {});
  expect(await socket.next()).toEqual({ type: "reply", channel, id: "c", state: "accepted" });
});

test("[RCM6] on a direct socket, as its token and each new one allow", async () => {
  const channel = freshChannel("project");
  const reader = await token({ grants: [`read:${channel}`] });
  const both = await token({ grants: [`read:${channel}`, `command:${channel}`] });
  const socket = await openSocket(`/ws/channels/${channel}`, { as: reader });
  await socket.until("summary");
  const frame = { type: "command", channel, id: "a", name: "pause", data: {} };
  socket.send(frame);
  expect(await socket.until("error")).toMatchObject({ code: "forbidden", id: "a" });
  socket.send({ type: "auth", token: both });
  await expect
    .poll(async () => {
      socket.send(frame);
      const answer = await socket.next();
      return answer?.type === "summary" ? "" : answer?.type;
    })
    .toBe("reply");
  const direct = await openSocket(`/ws/channels/${channel}`, { as: both });
  expect(await direct.until("reply")).toMatchObject({ id: "a", state: "accepted" });
  direct.send({ ...frame, id: "b" });
  expect(await direct.until("reply")).toMatchObject({ id: "b", state: "accepted" });
});

test("[RCM7] an ended channel takes none, and says so at every door", async () => {
  const channel = freshChannel("project");
  await post(`/v1/channels/${channel}/end`, { status: "success" });
  expect(await problemIn(await post(commands(channel), { name: "pause" }))).toMatchObject({
    status: 409,
    code: "channel_ended",
  });
  const socket = await openSocket("/ws");
  socket.send({ type: "command", channel, id: "a", name: "pause", data: {} });
  expect(await socket.next()).toMatchObject({ type: "error", code: "channel_ended", channel, id: "a" });
});

test("[RCM8] the summary counts agents, over HTTP and on sockets", async () => {
  const channel = freshChannel("project");
  const socket = await openSocket(`/ws/channels/${channel}`);
  expect(await socket.until("summary")).toMatchObject({ agents: 0 });
  const agent = await agentOf(channel);
  expect(await socket.until("summary")).toMatchObject({ viewers: 1, agents: 1 });
  expect(await recordIn(await call(`/v1/channels/${channel}`))).toMatchObject({ viewers: 1, agents: 1 });
  agent.socket.close(1000);
  for (let frame = await socket.until("summary"); frame["agents"] !== 0; )
    frame = await socket.until("summary");
});
