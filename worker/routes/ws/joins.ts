import { closeCodes, type JoinFrame, limits, type Problem, problemTable } from "../../../protocol/mod.ts";
import { matchesPattern, parsePattern } from "../../core/watch.ts";
import type { ReadingAudit } from "../audit/socket_audit.ts";
import { Joined, type JoinedPorts } from "./joined.ts";
import { Watch, type WatchEvents } from "./watch.ts";

/** How soon channels that were left out are asked for again once there is room, in milliseconds. */
const lookAgainMs = 10_000;

export interface JoinsPorts extends Pick<JoinedPorts, "openLeg" | "send"> {
  openWatch(pattern: string): Promise<Response>;
  /** Tells the agent why it does not serve a channel, or a pattern's. */
  tell(problem: Problem, name: string): void;
  /** Tells the agent why, and closes its socket. */
  fail(problem: Problem): void;
  readonly audit: ReadingAudit;
}

interface PatternJoin {
  readonly watch: Watch;
  readonly group: string | undefined;
}

/** All that one agent's socket serves: channels that it named, and those that its patterns bring. */
export class Joins {
  readonly #ports: JoinsPorts;
  readonly #joined = new Map<string, Joined>();
  readonly #patterns = new Map<string, PatternJoin>();
  /** Patterns of which channels were left out, for the socket was full. */
  readonly #leftOut = new Set<string>();
  #lookAgain: ReturnType<typeof setTimeout> | null = null;

  constructor(ports: JoinsPorts) {
    this.#ports = ports;
  }

  /** The channels that were joined by name. */
  get named(): readonly string[] {
    return [...this.#joined.values()].filter(({ pattern }) => pattern === null).map(({ channel }) => channel);
  }

  get patterns(): readonly string[] {
    return [...this.#patterns.keys()];
  }

  find(channel: string): Joined | undefined {
    return this.#joined.get(channel);
  }

  has(name: string): boolean {
    return this.#joined.has(name) || this.#patterns.has(name);
  }

  /** Joins what was granted; a repeated join begins anew. */
  join({ channel: name, group }: JoinFrame): void {
    this.leave(name);
    if (name.endsWith("*")) this.#joinPattern(name, group);
    else if (this.#joined.size >= limits.agentChannels)
      this.refuse(name, tooMany("channels", limits.agentChannels));
    else this.#serve(name, group, null);
  }

  refuse(name: string, problem: Problem): void {
    this.#ports.audit.refused(idOf(name), name, problem.code);
    this.#ports.tell(problem, name);
  }

  /** Leaves a channel, or a pattern with all that it brought. */
  leave(name: string): void {
    const joined = this.#joined.get(name);
    if (joined !== undefined) this.#drop(joined, closeCodes.normal.code);
    const pattern = this.#patterns.get(name);
    if (pattern === undefined) return;
    this.#forgetPattern(name);
    for (const each of [...this.#joined.values()]) if (each.pattern === name) this.#hand(each);
  }

  close(): void {
    if (this.#lookAgain !== null) clearTimeout(this.#lookAgain);
    for (const { watch } of this.#patterns.values()) watch.close();
    for (const joined of this.#joined.values()) joined.close();
    this.#patterns.clear();
    this.#joined.clear();
  }

  #joinPattern(name: string, group: string | undefined): void {
    if (this.#patterns.size >= limits.agentPatterns) {
      this.refuse(name, tooMany("patterns", limits.agentPatterns));
      return;
    }
    const events: WatchEvents = {
      found: (channels, hasMore) => this.#found(name, channels, hasMore),
      refused: (problem) => this.#watchRefused(name, problem),
    };
    const watch = new Watch(name, () => this.#ports.openWatch(name), events);
    this.#patterns.set(name, { watch, group });
  }

  #found(pattern: string, channels: readonly string[], hasMore: boolean): void {
    const group = this.#patterns.get(pattern)?.group;
    const unknown = channels.filter((channel) => !this.#joined.has(channel));
    const room = limits.agentChannels - this.#joined.size;
    for (const channel of unknown.slice(0, room)) this.#serve(channel, group, pattern);
    if ((!hasMore && unknown.length <= room) || this.#leftOut.has(pattern)) return;
    this.#leftOut.add(pattern);
    this.#ports.tell(tooMany("channels", limits.agentChannels), pattern);
  }

  /** Without its watch a pattern is not served: an agent that may come back does so elsewhere. */
  #watchRefused(pattern: string, problem: Problem): void {
    if (problem.code === "restarting") {
      this.#ports.fail(problem);
      return;
    }
    this.#forgetPattern(pattern);
    this.refuse(pattern, problem);
  }

  #forgetPattern(name: string): void {
    this.#patterns.get(name)?.watch.close();
    this.#patterns.delete(name);
    this.#leftOut.delete(name);
  }

  #serve(channel: string, group: string | undefined, pattern: string | null): void {
    const joined = new Joined(channel, group, pattern, {
      openLeg: this.#ports.openLeg,
      send: this.#ports.send,
      // What a pattern brings is not recorded one by one.
      taken: () => pattern === null && this.#ports.audit.subscribed(idOf(channel), channel),
      refused: (each, problem) => this.#refused(each, problem),
      gone: (each, code) => this.#drop(each, code ?? closeCodes.normal.code),
    });
    this.#joined.set(channel, joined);
    joined.open();
  }

  #refused(joined: Joined, problem: Problem): void {
    const { channel, pattern } = joined;
    this.#drop(joined, problemTable[problem.code].close);
    // Who named it would serve nothing, and never know.
    if (pattern === null && problem.code === "restarting") this.#ports.fail(problem);
    else this.refuse(channel, problem);
  }

  #drop(joined: Joined, code: number): void {
    joined.close();
    this.#joined.delete(joined.channel);
    this.#ports.audit.ended(idOf(joined.channel), code);
    if (this.#leftOut.size === 0 || this.#lookAgain !== null) return;
    this.#lookAgain = setTimeout(() => this.#lookForMore(), lookAgainMs);
  }

  #lookForMore(): void {
    this.#lookAgain = null;
    const patterns = [...this.#leftOut];
    this.#leftOut.clear();
    for (const pattern of patterns) this.#patterns.get(pattern)?.watch.open();
  }

  /** A pattern that brought a channel was left: another one may match it. */
  #hand(joined: Joined): void {
    const { channel } = joined;
    this.#drop(joined, closeCodes.normal.code);
    const next = [...this.#patterns].find(([pattern]) => matchesPattern(parsePattern(pattern), channel));
    if (next !== undefined) this.#serve(channel, next[1].group, next[0]);
  }
}

/** A channel may be served and read on one socket. */
function idOf(name: string): string {
  return `join ${name}`;
}

function tooMany(what: "channels" | "patterns", most: number): Problem {
  return {
    code: "too_many_channels",
    message: `The socket serves ${most.toLocaleString("en")} ${what}, which is all it takes. Leave one, or open another socket.`,
    expected: most,
  };
}
