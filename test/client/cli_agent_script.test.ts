import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../client/cli/agent/config.ts";
import { invocationOf } from "../../client/cli/agent/invocation.ts";
import { killAfterMs, Script, type ScriptEnd } from "../../client/cli/agent/script.ts";
import { processOf, signalTo } from "../../client/cli/dev/processes.ts";
import { CliError } from "../../client/cli/exit.ts";
import type { JsonObject } from "../../protocol/mod.ts";

/** [SCR] scripts run without a shell, alone in their group, and end when they are told to. */

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly script: Script;
  readonly printed: () => string;
  /** Resolves when this has been printed. */
  waitFor(text: string): Promise<void>;
}

async function start(body: string, rule = "", parameters: JsonObject = {}): Promise<Started> {
  writeFileSync(join(folder, "a script.sh"), body);
  chmodSync(join(folder, "a script.sh"), 0o755);
  const config = `[install.a]\nscript = "a script.sh"\n${rule}`;
  const invocation = invocationOf(parseConfig(config, join(folder, "agent.toml")), {
    key: "a",
    ...parameters,
  });
  if (!invocation.ok) throw new Error(invocation.problem.message);
  let printed = "";
  let heard = () => {};
  const script = await Script.start(invocation.value, {
    env: { ...process.env, TAILRACE_TOKEN: "a token", TAILRACE_SECRET: "a secret" },
    guard: { watch: () => {}, forget: () => {} },
    onOutput: (stream, chunk) => {
      printed += `${stream}:${chunk}`;
      heard();
      return null;
    },
  });
  return {
    script,
    printed: () => printed,
    waitFor: (text) =>
      new Promise((resolve) => {
        heard = () => printed.includes(text) && resolve();
        heard();
      }),
  };
}

const ended = (end: Partial<ScriptEnd>): ScriptEnd => ({
  exitCode: 0,
  signal: null,
  stoppedFor: null,
  ...end,
});

describe("Script", () => {
  test("[SCR1] its folder and path have spaces, arguments arrive whole, and no shell reads them", async () => {
    const rule = `args = ["$(touch made)", "a b", "*"]
[install.a.parameters]
v = { as = "argument", name = "--v", pattern = '.*' }
e = { as = "environment", name = "E", pattern = '.*' }`;
    const { script, printed } = await start('#!/bin/sh\nprintf "%s|" "$@" "$E" "$PWD"; exit 3\n', rule, {
      v: "x * y",
      e: "~ #!",
    });
    expect(await script.end).toEqual(ended({ exitCode: 3 }));
    expect(printed()).toBe(`stdout:$(touch made)|a b|*|--v|x * y|~ #!|${folder}|`);
    expect(existsSync(join(folder, "made"))).toBe(false);
  });

  test("[SCR2] its environment has neither token nor secret, and stdin is empty", async () => {
    const { script, printed } = await start("#!/bin/sh\ncat; env\n");
    expect(await script.end).toEqual(ended({}));
    expect(printed()).toContain("PATH=");
    expect(printed()).not.toMatch(/TAILRACE|token|secret/);
  });

  test("[SCR3] a stop ends all of its group, and says why; the first reason stands", async () => {
    const { script, waitFor, printed } = await start('#!/bin/sh\nsleep 600 &\necho "child $!"\nwait\n');
    await waitFor("child");
    script.stop("cancelled");
    script.stop("timed_out");
    expect(await script.end).toEqual(ended({ exitCode: null, signal: "SIGTERM", stoppedFor: "cancelled" }));
    const child = Number(/child (\d+)/.exec(printed())?.[1]);
    expect(processOf(child)).toBe(null);
  });

  test("[SCR4] what takes too long is ended, and killed where it does not heed", async () => {
    const began = performance.now();
    const { script } = await start(
      "#!/bin/bash\ntrap 'echo no' TERM\nwhile :; do sleep 0.1; done\n",
      "timeoutSeconds = 1",
    );
    expect(await script.end).toEqual(ended({ exitCode: null, signal: "SIGKILL", stoppedFor: "timed_out" }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000 + killAfterMs - 50);
  });

  test("[SCR5] what it leaves in the background stays, and does not hold up its end", async () => {
    const { script, waitFor, printed } = await start('#!/bin/sh\nsleep 600 &\necho "child $!"\n');
    await waitFor("child");
    expect(await script.end).toEqual(ended({}));
    const child = Number(/child (\d+)/.exec(printed())?.[1]);
    expect(signalTo(child, "SIGKILL")).toBe(true);
  });

  test("[SCR6] what cannot be started says so", async () => {
    await expect(start("#!/no/such/program\n")).rejects.toThrow(CliError);
  });
});
