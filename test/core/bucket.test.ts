import fc from "fast-check";
import { expect, test } from "vitest";
import { fullBucket, refill, spend, waitMs } from "../../worker/core/bucket.ts";
import { FrameRate } from "../../worker/core/frame_rate.ts";

test("[BUC1] a bucket gives its burst at once, then its rate, and tells how long to wait", () => {
  const rule = { perSecond: 10, burst: 20 };
  const empty = spend(fullBucket(rule, 0), 20);
  expect(waitMs(empty, rule, 1)).toBe(100);
  expect(refill(empty, rule, 1_000).tokens).toBe(10);
  expect(waitMs(refill(empty, rule, 1_000), rule, 10)).toBe(0);
  expect(refill(empty, rule, 100_000).tokens).toBe(20);
  expect(waitMs(spend(empty, 5), rule, 1)).toBe(600);
});

test("[BUC2] a clock that stands still or runs backwards gives nothing and takes nothing", () => {
  const rule = { perSecond: 10, burst: 20 };
  const spent = spend(fullBucket(rule, 5_000), 20);
  expect(refill(refill(spent, rule, 5_000), rule, 1_000)).toEqual({ tokens: 0, at: 5_000 });
  expect(refill(refill(spent, rule, 1_000), rule, 6_000).tokens).toBe(10);
});

test("[BUC3] whoever waits as told is taken, and in no time more than rate and burst is taken", () => {
  const steps = fc.array(fc.record({ ms: fc.nat(3_000), count: fc.integer({ min: 1, max: 15 }) }));
  // What is there after waiting is a hair less than was asked for.
  const roundedUp = [
    { ms: 0, count: 7 },
    { ms: 361, count: 9 },
    { ms: 2_620, count: 14 },
  ];
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 50 }), (taken, perSecond) => {
      const rule = { perSecond, burst: 15 };
      let bucket = fullBucket(rule, 0);
      let now = 0;
      let total = 0;
      for (const { ms, count } of taken) {
        now += ms;
        bucket = refill(bucket, rule, now);
        now += waitMs(bucket, rule, count);
        bucket = refill(bucket, rule, now);
        expect(waitMs(bucket, rule, count)).toBe(0);
        bucket = spend(bucket, count);
        total += count;
        expect(total).toBeLessThanOrEqual(rule.burst + (perSecond * now) / 1_000 + 1e-6);
      }
    }),
    { examples: [[roundedUp, 2]] },
  );
});

test("[RATE1] a client may send five seconds of frames at once, then so many a second, and is told to wait", () => {
  const rate = new FrameRate(10, 0);
  const taken = Array.from({ length: 51 }, () => rate.take('{"type":"ping" }', 0));
  expect(taken.slice(0, 50).every(({ ok }) => ok)).toBe(true);
  expect(taken[50]).toMatchObject({
    ok: false,
    problem: { code: "too_fast", expected: 10, retryAfterMs: 100 },
  });
  expect(rate.take("{}", 99).ok).toBe(false);
  expect(rate.take("{}", 100).ok).toBe(true);
});

test("[RATE2] an ack is free once for each entries frame, and counts like any frame beyond them", () => {
  const rate = new FrameRate(1, 0);
  const ack = '{"type":"ack","channel":"build/1","cursor":1}';
  for (let i = 0; i < 1_000; i++) {
    rate.entriesSent();
    expect(rate.take(ack, 0).ok).toBe(true);
  }
  const beyond = Array.from({ length: 6 }, () => rate.take(ack, 0).ok);
  expect(beyond).toEqual([true, true, true, true, true, false]);
});
