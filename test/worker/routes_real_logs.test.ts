import { expect, test } from "vitest";
import { splitLines } from "../../protocol/mod.ts";
import buildah from "../fixtures/terminal/buildah-build.ansi?raw";
import curl from "../fixtures/terminal/curl.ansi?raw";
import docker from "../fixtures/terminal/docker-pull.ansi?raw";
import links from "../fixtures/terminal/itermlinks.ansi?raw";
import rustfmt from "../fixtures/terminal/rustfmt.ansi?raw";
import { call, freshChannel, openSocket, readLines } from "./gateway.ts";

const captures = { buildah, curl, docker, links, rustfmt };

test.each(Object.entries(captures))("the capture %s comes back the same by every way", async (_, text) => {
  const channel = freshChannel();
  const lines = splitLines(text);
  const appended = await call(`/v1/channels/${channel}/entries`, {
    method: "POST",
    body: text,
    headers: { "content-type": "text/plain" },
  });
  expect(await appended.json()).toMatchObject({ first: 1, last: lines.length });

  const download = await (await call(`/v1/channels/${channel}/download`)).text();
  expect(download).toBe(lines.map((line) => `${line}\n`).join(""));

  const history = await (await call(`/v1/channels/${channel}/entries?limit=5000`)).json();
  const { entries } = history as { entries: { cursor: number; line: string }[] };
  expect(entries.map(({ line }) => line)).toEqual(lines);
  expect(entries.map(({ cursor }) => cursor)).toEqual(lines.map((_, i) => i + 1));

  const direct = await openSocket(`/ws/channels/${channel}`);
  expect(await readLines(direct, lines.length)).toEqual(lines);
  direct.close();

  const many = await openSocket("/ws");
  many.send({ type: "subscribe", channel });
  expect(await readLines(many, lines.length)).toEqual(lines);
  many.close();
});
