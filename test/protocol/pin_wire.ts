import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { currentWire, pinnedFile } from "./wire.ts";

/** Writes the wire as the schemas have it now, for the test that pins it. */
const file = fileURLToPath(new URL(pinnedFile, import.meta.url));
const biome = fileURLToPath(new URL("../../node_modules/.bin/biome", import.meta.url));
writeFileSync(file, JSON.stringify(currentWire(), null, 2));
execFileSync(biome, ["format", "--write", file], { stdio: "inherit" });
