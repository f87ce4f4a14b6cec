import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ServerSocket, WebSocketServer } from "ws";
import { readConfig } from "../../client/cli/agent/config.ts";
import { Runner } from "../../client/cli/agent/runner.ts";
import type { AgentFrame, AnswerFrame, JsonObject } from "../../protocol/mod.ts";

/** [CLM] a runner believes no gateway: it checks what it is sent, and runs nothing that another one has begun. */

const channel = "task/t1";
let folder: string;
let http: Server;
let server: WebSocketServer;
let runner: Runner;
/** What the gateway does with the first batch of a command. */
let claimed: "new" | "duplicate";
let received: AgentFrame[];
let heard: () => void;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
  writeFileSync(join(folder, "run.sh"), "#!/bin/sh\necho ran >ran\n");
  chmodSync(join(folder, "run.sh"), 0o755);
  const parameters = `parameters.version = { as = "argument", pattern = '.*' }`;
  writeFileSync(join(folder, "agent.toml"), `[install.app]\nscript = "run.sh"\n${parameters}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  rmSync(join(folder, "ran"), { force: true });
  claimed = "new";
  received = [];
  heard = () => {};
  http = createServer((_, response) => response.writeHead(404).end());
  server = new WebSocketServer({ server: http, handleProtocols: () => "tailrace.v1" });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
});
afterEach(async () => {
  await runner.stop();
  for (const socket of server.clients) socket.terminate();
  http.close();
  await once(http, "close");
});

/** Serves one channel, sends one command, and stores nothing. */
function serve(name: string, data: JsonObject): void {
  server.on("connection", (socket) => {
    socket.on("message", (bytes) => {
      const frame = JSON.parse(bytes.toString()) as AgentFrame;
      received.push(frame);
      if (frame.type === "join") greet(socket, name, data);
      if (frame.type === "append") acknowledge(socket, frame);
      if (frame.type === "answer" && frame.final)
        tell(socket, { type: "summary", channel, status: "failure" });
      heard();
    });
  });
}

function tell(socket: ServerSocket, frame: JsonObject): void {
  socket.send(JSON.stringify({ ...frame, viewers: 0, agents: 1 }));
}

function greet(socket: ServerSocket, name: string, data: JsonObject): void {
  const place = { epoch: null, first: 1, cursor: 0, tail: 0, oldest: 1, windowBytes: 0 };
  tell(socket, { type: "subscribed", channel, ...place, ended: false, resumed: false });
  tell(socket, { type: "summary", channel, status: "waiting" });
  tell(socket, { type: "command", channel, cursor: 1, id: "c", name, data, from: "page", ts: 1 });
}

function acknowledge(socket: ServerSocket, frame: Extract<AgentFrame, { type: "append" }>): void {
  const { producer, epoch, seq } = frame;
  const duplicate = claimed === "duplicate" && producer.startsWith("run-");
  tell(socket, { type: "appended", channel, producer, epoch, seq, first: 1, last: 1, duplicate });
}

function start(): void {
  const { port } = http.address() as AddressInfo;
  runner = new Runner({
    target: { url: `http://127.0.0.1:${port}`, token: "token" },
    channel,
    concurrency: 1,
    rules: readConfig(join(folder, "agent.toml")),
    env: process.env,
    notice: () => {},
  });
  runner.start();
}

function until<T>(find: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    heard = () => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    heard();
  });
}

const lastAnswer = (): Promise<AnswerFrame> =>
  until(() => received.find((frame) => frame.type === "answer" && frame.final)) as Promise<AnswerFrame>;

describe("a runner", () => {
  test.each<[name: string, data: JsonObject, code: string]>([
    ["install", { key: "app", version: "; rm -rf /" }, "parameter_not_allowed"],
    ["install", { key: "app", version: "$(touch made)" }, "parameter_not_allowed"],
    ["install", { key: "app", version: "-x" }, "parameter_not_allowed"],
    ["install", { key: "app", version: ["a"] }, "parameter_not_allowed"],
    ["install", { key: "../run.sh" }, "key_not_allowed"],
    ["exec", { key: "app", version: "1" }, "key_not_allowed"],
  ])("[CLM1] does not run %s %j, whoever let it through", async (name, data, code) => {
    serve(name, data);
    start();
    const { data: answer } = await lastAnswer();
    expect(answer).toMatchObject({
      status: "failure",
      message: expect.stringMatching(new RegExp(`^${code}: `)),
    });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  test("[CLM2] takes the command, has it stored that it begins, and then begins", async () => {
    serve("install", { key: "app", version: "1" });
    start();
    expect((await lastAnswer()).data).toEqual({ status: "success", exitCode: 0 });
    expect(existsSync(join(folder, "ran"))).toBe(true);
    const types = received.map(({ type }) => type).filter((type) => type !== "ping");
    expect(types).toEqual(["join", "commandAck", "append", "answer", "answer"]);
    expect(received.find(({ type }) => type === "append")).toMatchObject({ epoch: 1, seq: 0 });
  });

  test("[CLM3] runs nothing that another one has begun, and says nothing of it", async () => {
    claimed = "duplicate";
    serve("install", { key: "app", version: "1" });
    start();
    await until(() => received.find(({ type }) => type === "append"));
    expect(await runner.stop()).toBe(true);
    expect(received.filter(({ type }) => type === "answer")).toEqual([]);
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });
});
