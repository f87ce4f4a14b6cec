import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../tree/files.ts";

test("[FBUN1] /frontend_realtime_log.js is one plain script below 12 KB, with two names on window", async () => {
  const { outputFiles } = await build({
    entryPoints: [`${root}/client/frontend/main.ts`],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
  });
  const script = outputFiles[0]?.text ?? "";
  expect(gzipSync(script).length).toBeLessThan(12 * 1024);
  const window = {};
  class HTMLScriptElement {
    readonly src = "https://gateway.test/frontend_realtime_log.js";
  }
  const document = { currentScript: new HTMLScriptElement() };
  runInContext(script, createContext({ window, document, HTMLScriptElement, URL, Headers }));
  expect(Object.keys(window)).toEqual(["InstallLogViewer", "InstallManager"]);
});
