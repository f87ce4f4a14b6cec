import { type BMessageType, bContent, feedbackType } from "../../protocol/dialects/b_envelope.ts";
import {
  type EndFrame,
  type Entry,
  type GapFrame,
  isObject,
  type Json,
  type JsonObject,
  type SummaryFrame,
} from "../../protocol/mod.ts";
import type { LogSocketClient, Subscription } from "./log_socket_client.ts";
import type { CommandReply, SentCommand } from "./outbox.ts";
import type { ClientProblem, ClientResult } from "./problem.ts";
import type { SubscribeOptions } from "./subscribe_options.ts";

/** What was said in a room. A log line, or an event of another name, is a `project_message` with `data.line`. */
export interface RoomMessage {
  readonly type: BMessageType;
  readonly data: Json;
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly cursor: number;
  /** Who said it, as far as the entry names one. */
  readonly from?: string;
}

export interface RoomListener {
  onStageUpdate?(message: RoomMessage): void;
  onMessage?(message: RoomMessage): void;
  onStatusChange?(message: RoomMessage): void;
  onAgentMessage?(message: RoomMessage): void;
  /** Any response, also to others' feedback; one's own settles `response` too. */
  onResponse?(message: RoomMessage): void;
  /** How many agents are there: at the beginning, and when some came or went. */
  onAgents?(agents: number): void;
  onGap?(gap: GapFrame): void;
  onEnd?(end: EndFrame): void;
  onProblem?(problem: ClientProblem): void;
}

export interface FeedbackOptions {
  /** Names it, with the token's subject; a random one by default. */
  readonly id?: string;
  /** Only for this group of agents. */
  readonly group?: string;
  /** Each state: accepted, delivered, answered, expired. */
  readonly onReply?: (reply: CommandReply) => void;
}

/** Feedback on its way to a project's agents. */
export interface Feedback {
  readonly id: string;
  /** Resolves when it is stored, or refused for good: it may wait then until an agent is there. */
  readonly accepted: Promise<ClientResult<CommandReply>>;
  /** Resolves with the agent's response, or why there is none. */
  readonly response: Promise<ClientResult<Json>>;
}

type Handler = Exclude<keyof RoomListener, "onAgents" | "onGap" | "onEnd" | "onProblem">;

const handlers: { readonly [Type in BMessageType]: Handler } = {
  project_stage_update: "onStageUpdate",
  project_message: "onMessage",
  project_status_change: "onStatusChange",
  agent_message: "onAgentMessage",
  user_feedback_response: "onResponse",
};

/** A project's room, read natively on a connection that it shares, and the feedback for its agents. */
export class ProjectRoom {
  readonly channel: string;
  readonly #client: LogSocketClient;
  readonly #listener: RoomListener;
  readonly #subscription: Subscription;
  /** Feedback without a response yet, by id; the client bounds how many. */
  readonly #open = new Map<string, (response: Json) => void>();
  #agents: number | null = null;

  /**
   * `project` is its id, or a channel's whole name. Live only, unless the options name a place.
   * @throws Error as {@link LogSocketClient.subscribe} does.
   */
  constructor(
    client: LogSocketClient,
    project: string,
    listener: RoomListener,
    options: SubscribeOptions = {},
  ) {
    this.channel = project.includes("/") ? project : `project/${project}`;
    this.#client = client;
    this.#listener = listener;
    const start = options.cursor === undefined && options.last === undefined ? { last: 0 } : {};
    const where = { ...start, ...options };
    this.#subscription = client.subscribe(this.channel, where, {
      onEntries: (first, entries) => this.#take(first, entries),
      onSummary: (summary) => this.#count(summary),
      onGap: (gap) => listener.onGap?.(gap),
      onEnd: (end) => listener.onEnd?.(end),
      onProblem: (problem) => listener.onProblem?.(problem),
    });
  }

  /** How many agents are there; null before it is known. */
  get agents(): number | null {
    return this.#agents;
  }

  /** The state of the connection that carries it. */
  get state(): Subscription["state"] {
    return this.#subscription.state;
  }

  /**
   * Sends feedback to the project's agents: stored once, over every break, and kept while none is there.
   * @throws Error as {@link LogSocketClient.command} does.
   */
  sendFeedback(data: JsonObject, options: FeedbackOptions = {}): Feedback {
    const command = this.#client.command(this.channel, { name: feedbackType, data, ...options });
    const { id, accepted } = command;
    const published = new Promise<ClientResult<Json>>((resolve) => {
      this.#open.set(id, (value) => resolve({ ok: true, value }));
    });
    const response = Promise.race([published, answerTo(command)]).finally(() => this.#open.delete(id));
    return { id, accepted, response };
  }

  /** Leaves; nothing is called afterwards, and feedback without a response is waited for no longer. */
  close(): Promise<void> {
    return this.#subscription.close();
  }

  #take(first: number, entries: readonly Entry[]): void {
    for (const [i, entry] of entries.entries()) this.#tell(entry, first + i);
  }

  #tell(entry: Entry, cursor: number): void {
    const { type, data } = bContent(entry);
    const from = entry.kind === "event" ? entry.from : undefined;
    const message = { type, data, ts: entry.ts, cursor, ...(from !== undefined && { from }) };
    this.#listener[handlers[type]]?.(message);
    if (type === "user_feedback_response" && isObject(data))
      this.#open.get(String(data["feedbackId"]))?.(data);
  }

  #count({ agents }: SummaryFrame): void {
    if (agents === this.#agents) return;
    this.#agents = agents;
    this.#listener.onAgents?.(agents);
  }
}

/** What an agent answered, or why nobody will. */
async function answerTo({ channel, id, finished }: SentCommand): Promise<ClientResult<Json>> {
  const outcome = await finished;
  if (!outcome.ok) return outcome;
  const { state, data = null, code } = outcome.value;
  if (state === "answered") return { ok: true, value: data };
  const isOver = state === "expired" || state === "refused";
  const message = isOver
    ? `The feedback ${id} was ${state === "expired" ? "taken by no agent" : "refused"}.`
    : `The room was left before the feedback ${id} was answered.`;
  return {
    ok: false,
    problem: { code: isOver ? (code ?? state) : "command_forgotten", message, channel, id },
  };
}
