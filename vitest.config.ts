import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Ends what hangs: it claims no speed, for a busy machine takes several times what a quiet one does. */
const hangMs = 30_000;

/** What measures memory, or who keeps up. */
const measured = ["many_readers", "resume", "stalled"].map((name) => `test/fault/${name}.test.ts`);

/**
 * The kinds of test: pure ones; the Worker and its objects in workerd; whole systems, and what goes wrong with
 * them; and what is measured, where nothing runs beside it.
 */
export default defineConfig({
  test: {
    // Those in workerd wait for its clock more than they work.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{protocol,core,client,tree}/**/*.test.ts"],
          testTimeout: hangMs,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TAILRACE_SECRET: "a secret for the tests, of 32 bytes and more",
                MAX_DIRECT_VIEWERS: "100",
                MAX_CONNECTS_PER_SECOND: "15",
              },
            },
          }),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts"],
          testTimeout: hangMs,
          // Its modules name each other without endings, which only a bundler finds.
          deps: {
            optimizer: {
              ssr: { enabled: true, include: ["itty-durable/itty-durable", "itty-durable/proxy-durable"] },
            },
          },
        },
      },
      {
        test: {
          name: "system",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each starts a gateway and some a browser, and waits for them: two cores hold two of these at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/fault/**/*.test.ts"],
          exclude: measured,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "measured",
          include: measured,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
