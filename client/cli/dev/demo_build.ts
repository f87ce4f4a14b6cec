import { spawnSync } from "node:child_process";

/** What the first channel shows: this project's checks and build, each in a group. Ends as the first failure did. */

const steps = [
  ["Lint", "lint"],
  ["Types", "types"],
  ["Build the viewer", "build"],
] as const;

for (const [title, name] of steps) {
  process.stdout.write(`::group::${title}\n`);
  const { status, error } = spawnSync("npm", ["run", name], { stdio: "inherit" });
  process.stdout.write("::endgroup::\n");
  if (status !== 0) {
    process.stdout.write(`::error::npm run ${name} ${error?.message ?? `ended with ${status}`}\n`);
    process.exit(status ?? 1);
  }
}
process.stdout.write(
  "This was the build of Tailrace itself. Stream yours: npx tailrace run build/42 -- npm run build\n",
);
