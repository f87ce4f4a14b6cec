import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { LogSocketClient, type StateStorage } from "../../client/sdk/mod.ts";

/** A process that reads `build/1` of a gateway, prints what it gets and keeps its place in a file: it is to be killed. */

const [url = "", path = ""] = process.argv.slice(2);

const storage: StateStorage = {
  load() {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  },
  save(_key, value) {
    writeFileSync(`${path}.new`, value);
    renameSync(`${path}.new`, path);
  },
  remove() {},
};

const client = new LogSocketClient({ url, storage });
client.subscribe(
  "build/1",
  {},
  {
    onEntries(first, entries) {
      process.stdout.write(entries.map((_, i) => `${first + i}\n`).join(""));
    },
    onEnd(_end, proof) {
      process.stdout.write(`${proof.state}\n`);
      void client.close();
    },
  },
);
