import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { parseSettings, settingTable } from "../../worker/core/settings.ts";
import { root } from "./files.ts";

const { vars } = parse(readFileSync(`${root}/wrangler.toml`, "utf8")) as { vars: Record<string, string> };

test("[SET1] the [vars] of wrangler.toml are every setting, as texts, with its default", () => {
  const defaults = Object.entries(settingTable).map(([name, setting]) => [name, String(setting.default)]);
  expect(vars).toEqual(Object.fromEntries(defaults));
});

test("[SET2] they are taken as they stand, and are what holds without them", () => {
  const settings = parseSettings(vars);
  expect(settings).toMatchObject({ ok: true });
  expect(settings).toEqual(parseSettings({}));
});
