import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CommandDownFrame, type CommandState, limits } from "../../protocol/mod.ts";
import { SqliteCommandStore } from "../../worker/core/commands/sqlite_command_store.ts";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import { TestChannel, type TestPeer } from "./channel_harness.ts";
import { sqlOf } from "./sqlite.ts";

/** [CMM] random senders, agents that come and die, sleeps and lost time, against what is promised. */

const groups = ["a", "b"] as const;
const subjects = ["ada", "bob"] as const;
const ttlMs = 60_000;
const ranks: Readonly<Record<CommandState, number>> = { accepted: 0, delivered: 1, answered: 2, expired: 3 };

type Group = (typeof groups)[number];

const pick = fc.nat(1_000);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      subject: fc.constantFrom(...subjects),
      id: fc.nat(40),
      group: fc.option(fc.constantFrom(...groups), { nil: undefined }),
      bytes: fc.constantFrom(2, 100, 60_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("join" as const), group: fc.constantFrom(...groups) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), agent: pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ack" as const), agent: pick, at: pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      agent: pick,
      at: pick,
      isFinal: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("sleep" as const), lost: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(50_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Agent {
  readonly peer: TestPeer;
  readonly group: Group;
  readonly got: CommandDownFrame[];
}

class Model {
  readonly channel = new TestChannel(
    new MemoryJournal(),
    { commandTtlMs: ttlMs, commandsPerSecond: 10_000 },
    new SqliteCommandStore(sqlOf(new DatabaseSync(":memory:"))),
    "project/m",
  );
  readonly viewers = subjects.map((subject) => this.channel.subscribe({ subject }));
  agents: Agent[] = [];
  /** Each command by its cursor: for whom it is. */
  readonly sent = new Map<number, { group: Group | undefined; key: string }>();
  readonly state = new Map<string, CommandState>();
  readonly acked: Record<Group, number> = { a: 0, b: 0 };
  /** The cursors that a group's agents were sent, by when each was first. */
  readonly first: Record<Group, number[]> = { a: [], b: [] };

  run(step: Step): void {
    switch (step.do) {
      case "send":
        this.#send(step);
        break;
      case "join":
        if (this.agents.length < 6) this.join(step.group);
        break;
      case "die":
        this.#die(this.#agent(step.agent));
        break;
      case "ack":
        this.#ack(this.#agent(step.agent), step.at);
        break;
      case "answer":
        this.#answer(step);
        break;
      case "sleep":
        this.#sleep(step.lost);
        break;
      case "wait":
        this.channel.now += step.ms;
        this.channel.channel.alarm(this.channel.now);
        break;
    }
    this.look();
  }

  join(group: Group): Agent {
    const agent = { peer: this.channel.join(group), group, got: [] };
    this.agents.push(agent);
    return agent;
  }

  /** Reads what everybody was sent, and holds it against the promises. */
  look(): void {
    for (const agent of this.agents) this.#lookAt(agent);
    for (const group of groups) this.#lookAtWork(group);
    for (const [i, viewer] of this.viewers.entries()) {
      for (const frame of viewer.take()) {
        if (frame.type !== "reply") continue;
        const key = `${subjects[i]} ${frame.id}`;
        const before = this.state.get(key);
        const state = frame.state as CommandState;
        if (before !== undefined)
          expect(ranks[state], `${key} was ${before}`).toBeGreaterThanOrEqual(ranks[before]);
        if (before === "answered") expect(state).toBe("answered");
        this.state.set(key, state);
      }
    }
  }

  #lookAt({ peer, group, got }: Agent): void {
    for (const frame of peer.take()) {
      expect(frame.type, JSON.stringify(frame)).not.toBe("error");
      if (frame.type !== "command") continue;
      const { cursor } = frame;
      const command = this.sent.get(cursor);
      expect(command?.key).toBe(`${frame.from} ${frame.id}`);
      expect([undefined, group]).toContain(command?.group);
      expect(cursor).toBeGreaterThan(Math.max(got.at(-1)?.cursor ?? 0, this.acked[group]));
      got.push(frame);
      if (!this.first[group].includes(cursor)) this.first[group].push(cursor);
    }
  }

  #lookAtWork(group: Group): void {
    const held = this.agents
      .filter((agent) => agent.group === group)
      .map(({ got }) => got.filter(({ cursor }) => cursor > this.acked[group]))
      .filter((commands) => commands.length > 0);
    expect(held.length, `agents of ${group} that hold commands`).toBeLessThanOrEqual(1);
    const [commands = []] = held;
    expect(commands.length).toBeLessThanOrEqual(limits.groupCommands);
    const bytes = commands.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    if (commands.length > 1) expect(bytes).toBeLessThanOrEqual(limits.groupCommandsBytes);
  }

  #send({ subject, id, group, bytes }: Extract<Step, { do: "send" }>): void {
    const data = JSON.stringify({ text: "x".repeat(bytes) });
    const outcome = this.channel.command(`c${id}`, { subject, data, ...(group !== undefined && { group }) });
    if (!outcome.ok) throw new Error(outcome.problem.message);
    const { cursor } = outcome.value;
    const key = `${subject} c${id}`;
    const known = [...this.sent].find(([, command]) => command.key === key);
    if (known === undefined) {
      expect(cursor).toBe(this.sent.size + 1);
      this.sent.set(cursor, { group, key });
    } else {
      expect(cursor).toBe(known[0]);
    }
  }

  #agent(at: number): Agent | undefined {
    return this.agents[at % Math.max(1, this.agents.length)];
  }

  #die(agent: Agent | undefined): void {
    if (agent === undefined) return;
    this.agents = this.agents.filter((each) => each !== agent);
    this.channel.channel.drop(agent.peer, this.channel.now);
  }

  #ack(agent: Agent | undefined, at: number): void {
    const command = agent?.got[at % Math.max(1, agent.got.length)];
    if (agent === undefined || command === undefined) return;
    this.acked[agent.group] = Math.max(this.acked[agent.group], command.cursor);
    this.channel.commandAck(agent.peer, command.cursor);
  }

  #answer({ agent: of, at, isFinal }: Extract<Step, { do: "answer" }>): void {
    const agent = this.#agent(of);
    const command = agent?.got[at % Math.max(1, agent.got.length)];
    if (agent === undefined || command === undefined) return;
    const { id, cursor, from } = command;
    const query = { tenant: "t", channel: "project/m", id, subject: from };
    const before = this.channel.channel.readCommand(query);
    if (!before.ok || before.value.final === true || before.value.state === "expired") return;
    this.channel.frame(agent.peer, { type: "answer", id, cursor, data: at, final: isFinal });
    expect(this.channel.channel.readCommand(query)).toMatchObject({
      value: { state: "answered", data: at, final: isFinal },
    });
  }

  /** The object sleeps, or dies with the sockets of some agents. */
  #sleep(lost: number): void {
    this.agents = this.agents.filter((_, i) => ((lost >> i) & 1) === 0 || lost % 3 > 0);
    const peers = [...this.viewers, ...this.agents.map(({ peer }) => peer)];
    this.channel.evict(peers);
  }
}

describe("commands", () => {
  it("[CMM1] reach each group at least once and in order, no two of its agents at a time, and go only forward", () => {
    let delivered = 0;
    let expired = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120 }), (steps) => {
        const model = new Model();
        // With a channel's first command its groups are remembered: from then on each gets everything.
        for (const group of groups) model.join(group);
        model.run({ do: "send", subject: "ada", id: 0, group: undefined, bytes: 2 });
        for (const each of steps) model.run(each);
        model.channel.channel.alarm(model.channel.now);
        model.look();
        for (const group of groups) drain(model, group);
        for (const group of groups) {
          expect(model.first[group]).toEqual(model.first[group].toSorted((x, y) => x - y));
          const missing = [...model.sent].filter(
            ([cursor, command]) =>
              (command.group ?? group) === group &&
              !model.first[group].includes(cursor) &&
              model.state.get(command.key) !== "expired",
          );
          expect(missing, `never sent to ${group}`).toEqual([]);
        }
        for (const state of model.state.values()) {
          if (state === "expired") expired += 1;
          else delivered += 1;
        }
        expect([...model.state.values()]).not.toContain("accepted");
      }),
      { numRuns: 150 },
    );
    expect(Math.min(delivered, expired)).toBeGreaterThan(10);
  });
});

/** The agents of a group die one after the other, and the last one takes everything. */
function drain(model: Model, group: Group): void {
  const last = model.join(group);
  model.look();
  for (const agent of model.agents.filter((each) => each.group === group && each !== last)) {
    model.agents = model.agents.filter((each) => each !== agent);
    model.channel.channel.drop(agent.peer, model.channel.now);
    model.look();
  }
  for (let before = -1; last.got.length > before; ) {
    before = last.got.length;
    const newest = last.got.at(-1);
    if (newest === undefined) return;
    model.acked[group] = Math.max(model.acked[group], newest.cursor);
    model.channel.commandAck(last.peer, newest.cursor);
    model.look();
  }
}
