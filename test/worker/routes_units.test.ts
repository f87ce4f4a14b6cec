import { expect, test } from "vitest";
import { appendLines, call, freshChannel, post, problemIn, signed, token } from "./gateway.ts";

/** [UNI] in which units the gateway counts. */

test("[UNI1] times are epoch milliseconds, and in tokens seconds", async () => {
  const channel = freshChannel();
  const begun = Date.now();
  await appendLines(channel, ["a"]);
  const history = await call(`/v1/channels/${channel}/entries`);
  const { entries } = (await history.json()) as { entries: { ts: number }[] };
  const end = await post(`/v1/channels/${channel}/end`, { status: "success" });
  const { endedAt } = (await end.json()) as { endedAt: number };
  const now = Date.now();
  for (const time of [...entries.map(({ ts }) => ts), endedAt]) {
    expect(time).toBeGreaterThanOrEqual(begun);
    expect(time).toBeLessThanOrEqual(now);
  }
  const exp = Math.floor(now / 1_000) + 600;
  const as = await signed({ sub: "ada", aud: "tailrace", exp, grants: [] });
  expect(await (await call("/v1/session", { as })).json()).toMatchObject({ expiresAt: exp * 1_000 });
});

test("[UNI2] characters are UTF-16 units, and bytes those of UTF-8", async () => {
  // Two units each, and four bytes.
  const longest = "🚀".repeat(128);
  expect((await call("/v1/session", { as: await token({ sub: longest }) })).status).toBe(200);
  const longer = await problemIn(await call("/v1/session", { as: await token({ sub: `${longest}x` }) }));
  expect(longer).toMatchObject({ status: 401, code: "token_invalid" });
  const channel = freshChannel();
  await appendLines(channel, ["é語🚀"]);
  const end = await post(`/v1/channels/${channel}/end`, { status: "success" });
  expect(await end.json()).toMatchObject({ lines: 1, bytes: 2 + 3 + 4 + 1 });
});
