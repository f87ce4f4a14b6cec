import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { projectRoot } from "../../client/cli/dev/gateway.ts";
import { type TestGateway, withGateway } from "./test_gateway.ts";

/** What came to a channel's object, in order; `woken`: its constructor ran. */
export type Happening = "woken" | "append" | "message" | "alarm";

const told = /^Watched: (woken|append|message|alarm)$/;

/** Uses a gateway of one channel whose object tells what comes to it. */
export async function withWatchedGateway<T>(
  use: (gateway: TestGateway, happenings: Happening[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  const happenings: Happening[] = [];
  const onNotice = (line: string): void => {
    const what = told.exec(line)?.[1];
    if (what !== undefined) happenings.push(what as Happening);
  };
  try {
    return await withGateway({}, (gateway) => use(gateway, happenings), {
      configPath: writeWatchedConfig(folder),
      onNotice,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The project's `wrangler.toml` with the watched Worker in place of its own. */
function writeWatchedConfig(folder: string): string {
  const config = readFileSync(join(projectRoot, "wrangler.toml"), "utf8")
    .replace(/^main = .*$/m, `main = ${JSON.stringify(resolve(import.meta.dirname, "../worker/watched.ts"))}`)
    .replace(/^directory = "(.*)"$/m, (_, path) => `directory = ${JSON.stringify(join(projectRoot, path))}`);
  const path = join(folder, "wrangler.toml");
  writeFileSync(path, config);
  return path;
}
