import {
  type About,
  type AgentFrame,
  type AnswerFrame,
  agentFrameOf,
  type CommandAckFrame,
  errorFrameOf,
  type JoinFrame,
  ok,
  type Problem,
  parseChannelName,
  type Result,
  refuse,
  type Untrusted,
} from "../../../protocol/mod.ts";
import { coversPattern, refuseUngranted } from "../../core/grants.ts";
import type { Claims } from "../../core/token_claims.ts";
import { AgentAppends } from "./agent_appends.ts";
import type { AgentPorts, AgentSession } from "./agent_session.ts";
import { aboutOf, outcomeText } from "./append_frames.ts";
import { checkGrant } from "./check_grant.ts";
import { Joins } from "./joins.ts";
import { Leg } from "./leg.ts";
import { NativeSession } from "./native_session.ts";
import { openWatchSocket } from "./object_socket.ts";
import type { SessionPorts } from "./session.ts";

/** Not the text that answers a heartbeat, which waits for nothing. */
const settledText = '{"type": "pong"}';

/** The native protocol on `/ws/agent`: it joins channels and takes their commands, appends, and reads as on `/ws`. */
export class NativeAgent implements AgentSession {
  readonly #ports: AgentPorts;
  readonly #joins: Joins;
  readonly #appends: AgentAppends;
  readonly #reading: NativeSession;
  /** Joins whose grant is checked, by what they name: only the newest one of a name counts. */
  readonly #asked = new Map<string, JoinFrame>();

  constructor(ports: AgentPorts) {
    this.#ports = ports;
    this.#appends = new AgentAppends(ports.caller, ports.claims);
    this.#reading = new NativeSession(this.#readingPorts());
    this.#joins = this.#makeJoins();
  }

  receive(untrusted: Untrusted, bytes: number): void {
    const decoded = agentFrameOf(untrusted);
    if (!decoded.ok) this.#tell(decoded.problem, aboutOf(untrusted));
    else this.#take(decoded.value, untrusted, bytes);
  }

  warn(inMs: number): void {
    this.#ports.send(JSON.stringify({ type: "expiring", inMs }));
  }

  encodeError(problem: Problem): string {
    return JSON.stringify(errorFrameOf(problem));
  }

  async allows(claims: Claims): Promise<Result<unknown>> {
    const names = [...this.#joins.named, ...this.#joins.patterns, ...this.#reading.channels];
    const verdicts = await Promise.all(names.map((name) => this.#authorize(name, claims)));
    return verdicts.find((verdict) => !verdict.ok) ?? ok(true);
  }

  close(): void {
    this.#asked.clear();
    this.#joins.close();
    this.#reading.close();
  }

  #take(frame: AgentFrame, untrusted: Untrusted, bytes: number): void {
    switch (frame.type) {
      case "ping":
        void this.#appends.settled().then(() => this.#ports.send(settledText));
        return;
      case "auth":
        this.#ports.renew(frame.token);
        return;
      case "join":
        void this.#join(frame);
        return;
      case "commandAck":
      case "answer":
        this.#pass(frame, bytes);
        return;
      case "append":
        this.#appends.append(frame, bytes, (outcome) => this.#ports.send(outcomeText(frame, outcome)));
        return;
      case "unsubscribe":
        this.#leave(frame.channel, untrusted);
        return;
      case "subscribe":
      case "ack":
        this.#reading.receive(untrusted);
        return;
    }
  }

  async #join(frame: JoinFrame): Promise<void> {
    const { channel: name } = frame;
    this.#asked.set(name, frame);
    const granted = await this.#authorize(name, this.#ports.claims());
    // It was asked anew, or left, while the grant was checked.
    if (this.#asked.get(name) !== frame) return;
    this.#asked.delete(name);
    if (granted.ok) this.#joins.join(frame);
    else this.#joins.refuse(name, granted.problem);
  }

  /** A name ends both what is served and what is read of it. */
  #leave(name: string, untrusted: Untrusted): void {
    const wasServed = this.#asked.delete(name) || this.#joins.has(name);
    this.#joins.leave(name);
    if (this.#reading.channels.includes(name)) this.#reading.receive(untrusted);
    else if (!wasServed) this.#tell(notJoined(name), { channel: name });
  }

  /** What an agent says of commands keeps its place behind what it has appended to the channel before. */
  #pass(frame: CommandAckFrame | AnswerFrame, bytes: number): void {
    const about = { channel: frame.channel, ...(frame.type === "answer" && { id: frame.id }) };
    const passed = this.#appends.after(frame.channel, bytes, () => {
      const sent = this.#send(frame);
      if (!sent.ok) this.#tell(sent.problem, about);
    });
    if (!passed.ok) this.#tell(passed.problem, about);
  }

  #send(frame: CommandAckFrame | AnswerFrame): Result<true> {
    const joined = this.#joins.find(frame.channel);
    if (joined === undefined) return { ok: false, problem: notJoined(frame.channel) };
    if (joined.send(JSON.stringify(frame))) return ok(true);
    const message = `The connection to ${frame.channel} is not there yet. Send it again after subscribed.`;
    return refuse("restarting", message, { retryAfterMs: 1_000 });
  }

  async #authorize(name: string, claims: Claims): Promise<Result<unknown>> {
    if (name.endsWith("*")) {
      return coversPattern(claims.grants, "serve", name)
        ? ok(true)
        : refuseUngranted(claims.grants, "serve", name);
    }
    const parsed = parseChannelName(name);
    return parsed.ok ? checkGrant(this.#ports.caller.env, claims, "serve", parsed.value) : parsed;
  }

  #makeJoins(): Joins {
    const { caller, audit } = this.#ports;
    const { env, tenant } = caller;
    return new Joins({
      openLeg: (channel, group, events) => {
        const { subject } = this.#ports.claims();
        const plan = {
          tenant,
          channel,
          subject,
          role: "agent",
          ...(group !== undefined && { group }),
        } as const;
        return new Leg(env, plan, events);
      },
      openWatch: (pattern) => openWatchSocket(env, tenant, { pattern }),
      send: (text) => this.#ports.send(text),
      tell: (problem, name) => this.#tell(problem, { channel: name }),
      fail: (problem) => this.#ports.fail(problem),
      audit,
    });
  }

  #readingPorts(): SessionPorts {
    const { caller, claims, audit } = this.#ports;
    const { env, tenant } = caller;
    return {
      send: (text) => this.#ports.send(text),
      fail: (problem) => this.#ports.fail(problem),
      closeWith: (code, reason) => this.#ports.closeWith(code, reason),
      subject: () => claims().subject,
      authorize: (channel) => this.#authorize(channel.name, claims()),
      command: async (channel) =>
        refuse("unknown_frame", `An agent's socket sends no commands to ${channel}.`),
      openLeg: (request, events) => new Leg(env, { ...request, tenant, subject: claims().subject }, events),
      renew: (token) => this.#ports.renew(token),
      audit,
    };
  }

  #tell(problem: Problem, about: About = {}): void {
    this.#ports.send(JSON.stringify(errorFrameOf(problem, about)));
  }
}

function notJoined(name: string): Problem {
  return { code: "not_subscribed", message: `This socket neither serves nor reads ${name}.` };
}
