import { describe, expect, test } from "vitest";
import { countFailure, type Failing, maxFailing } from "../../worker/core/failure_rate.ts";
import { networkOf } from "../../worker/core/network_of.ts";
import { WaitList } from "../../worker/core/wait_list.ts";

/** Counts failures one after another, and says how long each has to wait. */
function counter(perMinute: number) {
  let failing: readonly Failing[] = [];
  return {
    fail(key: string, now: number): number {
      const counted = countFailure(failing, key, perMinute, now);
      failing = counted.failing;
      return counted.retryAfterMs;
    },
    get keys() {
      return failing.map(({ key }) => key);
    },
  };
}

describe("failures", () => {
  test("[THR1] so many at once and a minute are told their reason, one past them how long to wait", () => {
    const { fail } = counter(30);
    for (let i = 0; i < 30; i++) expect(fail("a", 1_000)).toBe(0);
    expect(fail("a", 1_000)).toBe(2_000);
    expect(fail("a", 2_500)).toBe(500);
    expect(fail("a", 3_000)).toBe(0);
    expect(fail("a", 3_000)).toBe(2_000);
  });

  test("[THR2] of one key do not count for another", () => {
    const { fail } = counter(1);
    expect(fail("a", 0)).toBe(0);
    expect(fail("a", 0)).toBe(60_000);
    expect(fail("b", 0)).toBe(0);
  });

  test("[THR3] past the rate change nothing, so that waiting is never longer for trying", () => {
    const before = countFailure([], "a", 1, 0).failing;
    for (const now of [0, 1, 30_000]) expect(countFailure(before, "a", 1, now).failing).toBe(before);
    expect(countFailure(before, "a", 1, 60_000)).toMatchObject({ retryAfterMs: 0 });
  });

  test("[THR4] are forgotten once they count for nothing, and so many keys are remembered", () => {
    const counted = counter(30);
    counted.fail("old", 0);
    counted.fail("newer", 1_500);
    expect(counted.keys).toEqual(["old", "newer"]);
    counted.fail("new", 2_000);
    expect(counted.keys).toEqual(["newer", "new"]);
    for (let i = 0; i < maxFailing * 3; i++) counted.fail(`k${i}`, 2_000);
    expect(counted.keys).toHaveLength(maxFailing);
    expect(counted.keys.at(-1)).toBe(`k${maxFailing * 3 - 1}`);
    expect(new TextEncoder().encode(JSON.stringify(counted.keys)).byteLength).toBeLessThan(16 * 1024);
  });

  test("[THR5] a clock that stands still or runs backwards forgives nothing", () => {
    const { fail } = counter(2);
    expect([fail("a", 9_000), fail("a", 9_000), fail("a", 9_000), fail("a", 1_000)]).toEqual([
      0, 0, 30_000, 30_000,
    ]);
  });
});

test("[THR6] who was told to wait is remembered until then, so many at most", () => {
  const list = new WaitList();
  list.put("a", 2_000, 1_000);
  expect(list.waitMs("a", 1_500)).toBe(1_500);
  expect(list.waitMs("b", 1_500)).toBe(0);
  expect(list.waitMs("a", 3_000)).toBe(0);
  expect(list.size).toBe(0);
  for (let i = 0; i < 3_000; i++) list.put(`k${i}`, 2_000, i);
  expect(list.size).toBe(1_000);
  expect(list.waitMs("k2999", 2_999)).toBe(2_000);
  expect(list.waitMs("k1", 1)).toBe(0);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::5", "2001:db8:0:0::/64"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
])("[THR7] %s counts as %s: whoever has an IPv6 network chooses among its addresses", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
