import { describe, expect, test } from "vitest";
import { resume } from "../bench/resume.ts";
import { inForm } from "./form.ts";
import { withGateway } from "./test_gateway.ts";

/** [FLT7] who comes late reads all of a long channel. */

const lines = inForm(100_000, 1_000_000);
/** So that all of it, some 100 and some 500 MiB, is more than a runtime takes before it collects its garbage. */
const lineChars = inForm(1_000, 500);
const mostMiB = inForm(120, 300);

describe("a late reader", () => {
  test(`[FLT7] gets ${lines} lines, and the process does not hold them`, {
    timeout: inForm(60_000, 300_000),
  }, async () => {
    const { firstMs, allMs, grownMiB } = await withGateway({}, ({ url, token, pid }) =>
      resume({ url, workerdPid: pid }, "build/long", token, lines, lineChars),
    );
    const [first, all, grown] = [firstMs, allMs, grownMiB].map(Math.round);
    console.log(`FLT7: first page after ${first} ms, all after ${all} ms, ${grown} MiB more`);
    expect(grownMiB).toBeLessThan(mostMiB);
    // The times of a quiet machine are told by npm run bench.
    expect(firstMs).toBeLessThan(2_000);
    expect(allMs).toBeLessThan(inForm(15_000, 150_000));
  });
});
