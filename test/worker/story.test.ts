import { evictDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { stubOf } from "./channel_client.ts";
import { call, freshChannel, handshake, openSocket, post, TestSocket, token } from "./gateway.ts";
import { type Normalise, StoryViewer } from "./story_viewer.ts";

/** [STO1] [STO2] a channel's life, told by everybody in it, with and without the object going between two steps. */

interface Line {
  readonly line: string;
  readonly level?: string;
}

/** What the steps share: the channel, who is there, and what callers were answered. */
class Story {
  readonly channel = freshChannel();
  readonly answers: string[] = [];
  readonly viewers = new Map<string, StoryViewer>();
  /** Epochs of the journal and times, as they were first told. */
  readonly #chances: string[] = [];

  /** What is random in what is told; its place in the story is not. */
  readonly normalise: Normalise = (value) =>
    JSON.stringify(value)
      .replaceAll(this.channel, "C")
      .replaceAll(this.buildId, "I")
      .replace(
        /"epoch":"(\w+)"|"endedAt":(\d+)/g,
        (_, epoch, endedAt) => `#${this.#placeOf(epoch ?? endedAt)}`,
      );

  get buildId(): string {
    return this.channel.slice("build/".length);
  }

  get firstEpoch(): string {
    return this.#chances[0] ?? "";
  }

  #placeOf(chance: string): number {
    if (!this.#chances.includes(chance)) this.#chances.push(chance);
    return this.#chances.indexOf(chance);
  }

  viewer(name: string): StoryViewer {
    const viewer = this.viewers.get(name);
    if (viewer === undefined) throw new Error(`Nobody is called ${name}`);
    return viewer;
  }

  join(name: string, socket: TestSocket): StoryViewer {
    const viewer = new StoryViewer(socket, this.normalise);
    this.viewers.set(name, viewer);
    return viewer;
  }

  async watchDirectly(name: string, query = ""): Promise<StoryViewer> {
    return this.join(name, await openSocket(`/ws/channels/${this.channel}${query}`));
  }

  async append(lines: readonly Line[], producer: readonly [id: string, epoch: number, seq: number]) {
    const [id, epoch, seq] = producer.map(String) as [string, string, string];
    const entries = lines.map((line) => ({ ts: 1_000, ...line }));
    const headers = { "producer-id": id, "producer-epoch": epoch, "producer-seq": seq };
    await this.answer(post(`/v1/channels/${this.channel}/entries`, { entries }, { headers }));
  }

  async answer(asked: Promise<Response>): Promise<void> {
    const response = await asked;
    this.answers.push(`${response.status} ${this.normalise(await response.json())}`);
  }

  /** Everybody's newest item begins so. */
  async allHave(text: string, ...but: readonly string[]): Promise<void> {
    for (const [name, viewer] of this.viewers) if (!but.includes(name)) await viewer.has(text);
  }

  /** All that anybody was told. */
  get told() {
    const viewers = new Map([...this.viewers].map(([name, { items }]) => [name, [...items]]));
    return { answers: this.answers, viewers };
  }
}
type Step = readonly [what: string, run: (story: Story) => Promise<void>];

const long = Array.from({ length: 100 }, (_, i) => ({ line: `long ${i} `.padEnd(200, ".") }));

const steps: readonly Step[] = [
  [
    "they wait for a channel",
    async (it) => {
      await (await it.watchDirectly("direct")).has('{"type":"summary"');
      const shared = it.join("shared", await openSocket("/ws"));
      shared.say({ type: "subscribe", channel: it.channel });
      await shared.has('{"type":"summary"');
      const filtered = it.join("filtered", await openSocket("/ws"));
      filtered.say({ type: "subscribe", channel: it.channel, filter: { levels: ["error"] } });
      await filtered.has('{"type":"summary"');
      const socket = new TestSocket(await handshake(`/ws?token=${await token()}`, { as: null }));
      const dialect = it.join("dialect A", socket);
      dialect.say({ type: "subscribe", buildId: it.buildId });
      dialect.say({ type: "ping" });
      await dialect.has('{"type":"pong"');
    },
  ],
  [
    "a first batch",
    async (it) => {
      await it.append([{ line: "one" }, { line: "two" }, { line: "three", level: "error" }], ["p", 0, 0]);
      await it.allHave("3 three");
    },
  ],
  [
    "the same batch again",
    (it) => it.append([{ line: "one" }, { line: "two" }, { line: "three", level: "error" }], ["p", 0, 0]),
  ],
  ["a hole", (it) => it.append([{ line: "never" }], ["p", 0, 2])],
  [
    "a producer's socket",
    async (it) => {
      const socket = await openSocket(`/ws/producers/${it.channel}`);
      for (const seq of [0, 1]) {
        const entries = [{ ts: 2_000, line: `by socket ${seq}`, level: "error" }];
        socket.send({ type: "append", channel: it.channel, producer: "s", epoch: 4, seq, entries });
        it.answers.push(it.normalise(await socket.until("appended")));
      }
      socket.close();
      await it.allHave("5 by socket 1");
    },
  ],
  [
    "one holds back",
    async (it) => {
      const slow = await it.watchDirectly("slow", "?cursor=5&maxWindowBytes=8192");
      slow.holdBack();
      await slow.has('{"type":"summary"');
    },
  ],
  [
    "more than its window",
    async (it) => {
      await it.append(long, ["p", 0, 1]);
      await it.viewer("filtered").has("skipped to 105");
      await it.allHave("105 long 99", "filtered", "slow");
    },
  ],
  [
    "it goes on",
    async (it) => {
      const slow = it.viewer("slow");
      expect(slow.cursor).toBeLessThan(105);
      slow.goOn(it.channel);
      await slow.has("105 long 99");
    },
  ],
  [
    "one loses its socket",
    async (it) => {
      it.viewer("direct").close();
      await it.viewer("direct").has("closed");
    },
  ],
  [
    "lines while it is away, under a newer epoch of their producer",
    async (it) => {
      await it.append([{ line: "away" }, { line: "still away", level: "error" }], ["p", 1, 0]);
      await it.allHave("107 still away", "direct");
    },
  ],
  ["the older epoch is fenced", (it) => it.append([{ line: "never" }], ["p", 0, 2])],
  [
    "it comes back",
    async (it) => {
      const back = await it.watchDirectly("back", `?cursor=105&epoch=${it.firstEpoch}`);
      await back.has("107 still away");
    },
  ],
  [
    "the end",
    async (it) => {
      await it.answer(post(`/v1/channels/${it.channel}/end`, { status: "failure", exitCode: 3 }));
      await it.allHave('{"type":"end"', "direct");
    },
  ],
  [
    "one acknowledges what it has",
    async (it) => {
      it.viewer("slow").goOn(it.channel);
      await it.viewer("slow").probe();
    },
  ],
  ["nothing after the end", (it) => it.append([{ line: "never" }], ["p", 1, 1])],
  [
    "but a repeat of what is stored",
    (it) => it.append([{ line: "away" }, { line: "still away", level: "error" }], ["p", 1, 0]),
  ],
  ["a second end", (it) => it.answer(post(`/v1/channels/${it.channel}/end`, { status: "success" }))],
  ["one comes late", async (it) => (await it.watchDirectly("late")).has('{"type":"end"')],
  ["history", (it) => it.answer(call(`/v1/channels/${it.channel}/entries?after=3&limit=5000`))],
  [
    "it is deleted",
    async (it) => {
      const { status } = await call(`/v1/channels/${it.channel}`, { method: "DELETE" });
      it.answers.push(String(status));
      await it.allHave('{"type":"subscribed"', "direct", "dialect A");
      await it.viewer("dialect A").has('{"type":"gap"');
    },
  ],
  [
    "it begins again",
    async (it) => {
      await it.append([{ line: "again", level: "error" }], ["p", 0, 0]);
      await it.allHave("108 again", "direct");
    },
  ],
  [
    "one comes back to the old journal",
    async (it) => {
      const back = await it.watchDirectly("from the past", `?cursor=107&epoch=${it.firstEpoch}`);
      await back.has("108 again");
    },
  ],
];

/** Tells the story, and lets the object go after the steps that are chosen. */
async function tell(goesAfter: (step: number) => boolean) {
  const it = new Story();
  for (const [i, [, run]] of steps.entries()) {
    await run(it);
    if (goesAfter(i)) await evictDurableObject(stubOf(it.channel), { webSockets: "hibernate" });
  }
  const { told } = it;
  for (const viewer of it.viewers.values()) viewer.close();
  return told;
}

/** The story with an object that stays. */
let due: Story["told"];

beforeAll(async () => {
  due = await tell(() => false);
});

/** The cursors of the entries that a viewer was sent. */
function cursorsOf(name: string): number[] {
  const items = due.viewers.get(name) ?? [];
  return items.filter((item) => /^\d/.test(item)).map((item) => Number.parseInt(item, 10));
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("the story", () => {
  test("[STO1] each is told all that is theirs, in order and once", () => {
    for (const name of ["shared", "dialect A", "late"]) expect(cursorsOf(name)).toEqual(range(1, 108));
    expect(cursorsOf("slow")).toEqual(range(6, 108));
    expect(cursorsOf("back")).toEqual(range(106, 108));
    expect(cursorsOf("filtered")).toEqual([3, 4, 5, 107, 108]);
    for (const name of ["shared", "filtered", "dialect A", "slow", "back", "late"])
      expect(due.viewers.get(name)?.filter((item) => item.startsWith('{"type":"end"'))).toHaveLength(1);
    const statuses = due.answers.map((text) => text.slice(0, 3)).filter((text) => /\d/.test(text));
    expect(statuses.join(" ")).toBe("200 200 409 200 200 409 200 409 200 200 200 204 200");
  });

  test.concurrent.each(steps.slice(0, -1).map(([what], i) => [what, i] as const))(
    "[STO2] is told the same when the object goes after: %s",
    async (_, last) => {
      expect(await tell((step) => step === last)).toEqual(due);
    },
  );

  test.concurrent("[STO3] is told the same when the object goes after every step", async () => {
    expect(await tell(() => true)).toEqual(due);
  }, 60_000);
});
