import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { limits } from "../../protocol/mod.ts";

const secret = "a secret for large bodies, of 32 bytes and more";
const dataDir = mkdtempSync(join(tmpdir(), "tailrace-large-"));
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ port: 0, dataDir, secret });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it("[LARGE1] a body over its limit is answered, also to a client that writes all of it first", async () => {
  const token = await mintToken(secret, { subject: "me", grants: ["admin:*"], ttlMs: 60_000 });
  for (const bytes of [limits.batchBytes + 1, 5_000_000, 16_000_000]) {
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`${gateway.url}/v1/channels/build/large/entries`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
        body: "x".repeat(bytes),
      });
      expect(await response.json()).toMatchObject({ status: 413, code: "body_too_large" });
    }
  }
});
