import { expect, it } from "vitest";
import { backoffBaseMs, backoffCapMs, backoffMs, retryAfterCapMs } from "../../client/sdk/backoff.ts";
import { seededRandom } from "./sdk_random.ts";

it("[BCK1] every wait lies between nothing and a ceiling that doubles up to 30 s", () => {
  const random = seededRandom(11);
  for (let attempt = 1; attempt <= 40; attempt++) {
    const ceiling = Math.min(backoffCapMs, backoffBaseMs * 2 ** (attempt - 1));
    const waits = Array.from({ length: 500 }, () => backoffMs(attempt, random()));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(ceiling);
    // Full jitter: the waits fill the whole range, the first one's too.
    expect(Math.min(...waits)).toBeLessThan(ceiling * 0.05);
    expect(Math.max(...waits)).toBeGreaterThan(ceiling * 0.95);
  }
  expect(backoffCapMs).toBe(30_000);
});

it("[BCK2] what the gateway asks for is waited in full, with the jitter on top, up to an hour", () => {
  expect(backoffMs(1, 0, 5_000)).toBe(5_000);
  expect(backoffMs(1, 0.5, 5_000)).toBe(5_000 + backoffBaseMs / 2);
  expect(backoffMs(1, 0, 10 * retryAfterCapMs)).toBe(retryAfterCapMs);
  expect(backoffMs(1, 0, -1)).toBe(0);
});
