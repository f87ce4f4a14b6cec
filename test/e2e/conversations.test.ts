import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { dialects } from "../../protocol/dialects/dialects.ts";
import { type Conversation, play } from "./conversation.ts";

/** Each dialect's recorded conversation, written from the system's own contract, with a real gateway. */

const secret = "a secret for the tests, of 32 bytes and more";
const folder = join(import.meta.dirname, "../fixtures/conversations");
const names = readdirSync(folder).toSorted();
let data: string;
let gateway: Gateway;
let admin: string;

/** The fixtures are this folder's own, in the shape that the player has. */
function conversationOf(name: string): Conversation {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as Conversation;
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: data, secret });
  admin = await mintToken(secret, { subject: "producer", grants: ["admin:*"], ttlMs: 600_000 });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(data, { recursive: true, force: true });
});

test("[CONV1] every dialect has its conversation", () => {
  const recorded = new Set(names.map((name) => conversationOf(name).dialect));
  expect([...recorded]).toEqual(dialects.map(({ name }) => name));
});

test.each(names)("[CONV2] %s: a plain client gets exactly the recorded frames", async (name) => {
  const conversation = conversationOf(name);
  const token = await mintToken(secret, { subject: "ada", grants: conversation.grants, ttlMs: 600_000 });
  await play(conversation, { url: gateway.url, token, admin });
});
