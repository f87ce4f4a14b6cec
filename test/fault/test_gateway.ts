import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayOptions, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import type { Access } from "../e2e/send_lines.ts";

const secret = "a secret for the tests, of 32 bytes and more";

export interface TestGateway extends Access {
  /** The runtime's process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** What else a test may want of its gateway. */
export type TestGatewayOptions = Pick<GatewayOptions, "configPath" | "onNotice">;

/** A gateway of its own on an empty folder, with a token for everything. */
export async function startTestGateway(
  vars: Readonly<Record<string, string>> = {},
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  const gateway = await startGateway({ ...options, port: 0, dataDir: folder, secret, vars });
  const token = await mintToken(secret, { subject: "test", grants: ["admin:*"], ttlMs: 3_600_000 });
  return {
    url: gateway.url,
    token,
    pid: gateway.workerdPid,
    async stop() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Uses a gateway that nothing was done to before. */
export async function withGateway<T>(
  vars: Readonly<Record<string, string>>,
  use: (gateway: TestGateway) => Promise<T>,
  options: TestGatewayOptions = {},
): Promise<T> {
  const gateway = await startTestGateway(vars, options);
  try {
    return await use(gateway);
  } finally {
    await gateway.stop();
  }
}
