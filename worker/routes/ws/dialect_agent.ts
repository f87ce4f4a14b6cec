import type { AgentRequest, AgentSpeech } from "../../../protocol/dialects/agent_dialect.ts";
import type { ErrorAbout, Speech } from "../../../protocol/dialects/dialect.ts";
import {
  type AnswerFrame,
  type CommandAckFrame,
  type DownFrame,
  limits,
  ok,
  type Problem,
  parseChannelName,
  type Result,
  refuse,
  type Untrusted,
} from "../../../protocol/mod.ts";
import type { Claims } from "../../core/token_claims.ts";
import { AgentAppends } from "./agent_appends.ts";
import type { AgentPorts, AgentSession } from "./agent_session.ts";
import { checkGrant } from "./check_grant.ts";
import { DialectSession } from "./dialect_session.ts";
import { Joins } from "./joins.ts";
import { LateFrames } from "./late_frames.ts";
import { Leg } from "./leg.ts";
import { openWatchSocket } from "./object_socket.ts";
import { paceRules } from "./pace_rules.ts";
import type { SessionPorts } from "./session.ts";

type RequestOf<Kind extends AgentRequest["kind"]> = AgentRequest & { readonly kind: Kind };

/** An agent of another system: a channel that it joins is served, and read for what others publish. */
export class DialectAgent implements AgentSession {
  readonly #speech: AgentSpeech;
  readonly #ports: AgentPorts;
  readonly #joins: Joins;
  readonly #appends: AgentAppends;
  readonly #reading: DialectSession;
  /** What the agent calls the channels that it joined. */
  readonly #ids = new Map<string, string>();
  /** Joins whose grant is checked, by channel: only the newest one counts. */
  readonly #asked = new Map<string, RequestOf<"join">>();
  readonly #late = new LateFrames();

  constructor(speech: AgentSpeech, ports: AgentPorts) {
    this.#speech = speech;
    this.#ports = ports;
    this.#appends = new AgentAppends(ports.caller, ports.claims);
    const rules = paceRules(ports.caller.settings);
    const { agentChannels } = limits;
    this.#reading = new DialectSession(readingSpeech(speech), this.#readingPorts(), rules, agentChannels);
    this.#joins = this.#makeJoins();
  }

  receive(frame: Untrusted, bytes: number): void {
    const decoded = this.#speech.decode(frame);
    if (!decoded.ok) this.#tell(decoded.problem, this.#speech.about(frame));
    else for (const request of decoded.value) this.#take(request, bytes);
  }

  /** Dialects have no frame for this: their sockets close when the token has expired. */
  warn(): void {}

  encodeError(problem: Problem): string {
    return this.#speech.encodeError(problem);
  }

  async allows(claims: Claims): Promise<Result<unknown>> {
    const verdicts = await Promise.all(this.#joins.named.map((name) => this.#authorize(name, claims)));
    return verdicts.find((verdict) => !verdict.ok) ?? ok(true);
  }

  close(): void {
    this.#asked.clear();
    this.#joins.close();
    this.#reading.close();
  }

  #take(request: AgentRequest, bytes: number): void {
    switch (request.kind) {
      case "join":
        void this.#join(request);
        return;
      case "leave":
        this.#asked.delete(request.channel);
        this.#joins.leave(request.channel);
        this.#forget(request.channel);
        return;
      case "publish":
        this.#publish(request, bytes);
        return;
      case "ack":
        this.#pass({ type: "commandAck", channel: request.channel, cursor: request.cursor }, 0);
        return;
      case "answer":
        this.#answer(request, bytes);
        return;
      case "tell":
        this.#ports.send(request.frame);
        return;
    }
  }

  async #join(request: RequestOf<"join">): Promise<void> {
    const { id, channel } = request;
    this.#asked.set(channel, request);
    const granted = await this.#authorize(channel, this.#ports.claims());
    // It was asked anew, or left, while the grant was checked.
    if (this.#asked.get(channel) !== request) return;
    this.#asked.delete(channel);
    if (!granted.ok) {
      this.#ports.audit.refused(`join ${channel}`, channel, granted.problem.code);
      this.#tell(granted.problem, { id });
      return;
    }
    this.#forget(channel);
    this.#ids.set(channel, id);
    this.#joins.join({ type: "join", channel });
    if (this.#ids.has(channel)) this.#reading.take({ kind: "subscribe", id, channel, start: { last: 0 } });
  }

  #publish({ id, channel, entries }: RequestOf<"publish">, bytes: number): void {
    this.#appends.append({ channel, entries }, bytes, (outcome) => {
      if (!outcome.ok) this.#tell(outcome.problem, { id });
    });
  }

  #answer({ id, channel, command, cursor, data, final }: RequestOf<"answer">, bytes: number): void {
    const numbered = cursor === undefined ? {} : { cursor };
    this.#pass({ type: "answer", channel, id: command, ...numbered, data, final }, bytes, { id, command });
  }

  /** What an agent says of commands keeps its place behind what it has published to the channel before. */
  #pass(frame: CommandAckFrame | AnswerFrame, bytes: number, about?: ErrorAbout): void {
    const passed = this.#appends.after(frame.channel, bytes, () => {
      const sent = this.#send(frame);
      if (!sent.ok && about !== undefined) this.#tell(sent.problem, about);
    });
    if (!passed.ok && about !== undefined) this.#tell(passed.problem, about);
  }

  /** An acknowledgement that is lost is made again when the command comes again; an answer waits for that. */
  #send(frame: CommandAckFrame | AnswerFrame): Result<true> {
    const { channel } = frame;
    const text = JSON.stringify(frame);
    const joined = this.#joins.find(channel);
    if (joined === undefined && !this.#asked.has(channel)) {
      return refuse("not_subscribed", `This socket has not joined ${channel}.`);
    }
    if (joined?.send(text) || frame.type === "commandAck") return ok(true);
    return this.#late.keep(channel, text);
  }

  /** What a channel's object tells its agents, as the native protocol has it. */
  #hear(text: string): void {
    // What an object of this gateway sends is believed.
    const frame = JSON.parse(text) as DownFrame;
    const channel = "channel" in frame ? frame.channel : undefined;
    const id = channel === undefined ? undefined : this.#ids.get(channel);
    if (channel === undefined || id === undefined) return;
    if (frame.type === "command" || frame.type === "summary") {
      for (const told of this.#speech.hear(id, frame)) this.#ports.send(told);
    } else if (frame.type === "error") {
      this.#ports.send(this.#speech.encodeError(frame, id));
    } else if (frame.type === "subscribed") {
      for (const late of this.#late.take(channel)) this.#joins.find(channel)?.send(late);
    }
  }

  #forget(channel: string): void {
    const id = this.#ids.get(channel);
    if (id !== undefined) this.#reading.take({ kind: "unsubscribe", id });
    this.#ids.delete(channel);
    this.#late.take(channel);
  }

  #makeJoins(): Joins {
    const { caller, audit } = this.#ports;
    const { env, tenant } = caller;
    return new Joins({
      openLeg: (channel, _, events) =>
        new Leg(env, { tenant, channel, subject: this.#ports.claims().subject, role: "agent" }, events),
      openWatch: (pattern) => openWatchSocket(env, tenant, { pattern }),
      send: (text) => this.#hear(text),
      tell: (problem, channel) => {
        const id = this.#ids.get(channel);
        this.#forget(channel);
        this.#tell(problem, id === undefined ? {} : { id });
      },
      fail: (problem) => this.#ports.fail(problem),
      audit,
    });
  }

  /** Whoever serves a channel may read it; that it is read is no event beside that. */
  #readingPorts(): SessionPorts {
    const { caller, claims } = this.#ports;
    const { env, tenant } = caller;
    return {
      send: (text) => this.#ports.send(text),
      fail: (problem) => this.#ports.fail(problem),
      closeWith: (code, reason) => this.#ports.closeWith(code, reason),
      subject: () => claims().subject,
      authorize: async () => ok(true),
      command: async (channel) =>
        refuse("unknown_frame", `An agent's socket sends no commands to ${channel}.`),
      openLeg: (request, events) => new Leg(env, { ...request, tenant, subject: claims().subject }, events),
      renew: (token) => this.#ports.renew(token),
      audit: { subscribed: () => undefined, refused: () => undefined, ended: () => undefined },
    };
  }

  async #authorize(channel: string, claims: Claims): Promise<Result<unknown>> {
    const name = parseChannelName(channel);
    return name.ok ? checkGrant(this.#ports.caller.env, claims, "serve", name.value) : name;
  }

  #tell(problem: Problem, { id, command }: ErrorAbout): void {
    const about = command === undefined ? problem : { ...problem, id: command };
    this.#ports.send(this.#speech.encodeError(about, id));
  }
}

/** Its readings alone: frames are decoded as an agent's. */
function readingSpeech(speech: AgentSpeech): Speech {
  return {
    opening: [],
    isOfOneChannel: false,
    decode: () => ok([]),
    read: (id, channel) => speech.read(id, channel),
    encodeError: (problem, id) => speech.encodeError(problem, id),
  };
}
