import { describe, expect, test } from "vitest";
import { Pace } from "../../client/cli/run/pace.ts";

const MiB = 1024 * 1024;

function setUp() {
  const state = { waiting: 0, nowMs: 0 };
  const pace = new Pace({ waitingBytes: () => state.waiting, now: () => state.nowMs });
  return { state, pace };
}

describe("Pace", () => {
  test("holds nobody while little waits", () => {
    const { state, pace } = setUp();
    state.waiting = 4 * MiB;
    expect(pace.hold()).toBeNull();
  });

  test.each([
    ["the queue has room", ({ state }: ReturnType<typeof setUp>) => (state.waiting = MiB)],
    ["the gateway fails", ({ pace }: ReturnType<typeof setUp>) => pace.failed()],
    ["it has not answered for a second", ({ state }: ReturnType<typeof setUp>) => (state.nowMs += 1_000)],
  ])("holds until %s", async (_, change) => {
    const setting = setUp();
    setting.state.waiting = 5 * MiB;
    setting.pace.answered();
    const held = setting.pace.hold();
    expect(held).not.toBeNull();
    let isOver = false;
    const over = held?.then(() => {
      isOver = true;
    });
    setting.state.waiting = 2 * MiB;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOver).toBe(false);
    change(setting);
    await over;
  });

  test("a gateway that is away holds nobody, until it answers again", () => {
    const { state, pace } = setUp();
    state.waiting = 8 * MiB;
    state.nowMs = 1_000;
    expect(pace.hold()).toBeNull();
    pace.answered();
    expect(pace.hold()).not.toBeNull();
    state.waiting = 0;
  });
});
