import { spawnSync } from "node:child_process";

/** What the first channel shows: this project's own build and checks, each in a group. Ends as the first failure did. */

const steps = [
  ["Build the viewer", ["run", "build"]],
  ["Lint", ["run", "lint"]],
  [
    "Test the protocol",
    ["exec", "--", "vitest", "run", "--project", "fast", "--reporter", "verbose", "test/protocol"],
  ],
  ["Types", ["run", "types"]],
] as const;

for (const [title, args] of steps) {
  process.stdout.write(`::group::${title}\n`);
  const { status, error } = spawnSync("npm", args, { stdio: "inherit" });
  process.stdout.write("::endgroup::\n");
  if (status !== 0) {
    process.stdout.write(`::error::npm ${args.join(" ")}: ${error?.message ?? `exit code ${status}`}\n`);
    process.exit(status ?? 1);
  }
}
process.stdout.write(
  "This was the build of Tailrace itself. Stream yours: npx tailrace run build/42 -- npm run build\n",
);
