import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Four kinds of test: pure ones, the Worker and its objects in workerd, whole systems, and what goes wrong with them. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/{protocol,core,client,tree}/**/*.test.ts"],
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
          // Each starts a gateway and some a browser: two cores hold one of them at a time.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/fault/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // These measure memory and who keeps up: nothing runs beside them.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
