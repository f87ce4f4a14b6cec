import { type JsonObject, limits, parseChannelName } from "../../protocol/mod.ts";
import { ChannelReader } from "./channel_reader.ts";
import type { TokenSource } from "./connection.ts";
import { type ConnectionState, idle } from "./connection_state.ts";
import { Lane, type LaneOptions, type Transport } from "./lane.ts";
import type { LogListener } from "./listener.ts";
import { newId } from "./new_id.ts";
import { type CommandReply, checkedId, type SentCommand } from "./outbox.ts";
import { sentenceOf } from "./problem.ts";
import { type StateStorage, storageKey } from "./saved_read.ts";
import { StateKeeper } from "./state_keeper.ts";
import type { SubscribeOptions } from "./subscribe_options.ts";
import { type StartTimer, startTimer } from "./timers.ts";
import { browserWakes, type WatchWakes } from "./wake.ts";

export interface LogSocketClientOptions {
  /** The gateway's origin: `https://logs.example.com`. */
  readonly url: string;
  /** Without one, cookies authenticate (browsers). A function is asked again when the gateway refuses. */
  readonly token?: TokenSource;
  /**
   * Where places are kept, so that another process, or the reloaded page, goes on from there. A place is saved
   * within a second, and at the end and on `close`: what is killed before is read again.
   */
  readonly storage?: StateStorage;
  /** `shared` by default; filters need it. `direct` spares the gateway a hop. */
  readonly transport?: Transport;
  /** A dead connection is noticed within this many milliseconds; 30,000 by default. */
  readonly heartbeatMs?: number;
  /** How many entries may wait for a listener that returns Promises; 50,000 by default. */
  readonly maxBufferedEntries?: number;
  /** The platform's by default. */
  readonly webSocket?: typeof WebSocket;
  readonly startTimer?: StartTimer;
  /** A number in [0, 1), for the jitter. */
  readonly random?: () => number;
  readonly watchWakes?: WatchWakes;
}

/** What is wanted of a channel's agents. */
export interface CommandRequest {
  /** Names it, with the token's subject; a random one by default. */
  readonly id?: string;
  readonly name: string;
  /** An object; an empty one by default. */
  readonly data?: JsonObject;
  /** Only for this group of agents. */
  readonly group?: string;
  /** Called with each state that is told, while the client reads the channel. */
  readonly onReply?: (reply: CommandReply) => void;
}

/** One channel being read. */
export interface Subscription {
  readonly channel: string;
  /** The newest cursor read; null before reading begins. */
  readonly cursor: number | null;
  readonly epoch: string | null;
  /** The state of the connection that carries it. */
  readonly state: ConnectionState;
  /** Ends it; nothing is called afterwards. Resolves when its place is stored. */
  close(): Promise<void>;
}

/**
 * Reads channels live over WebSockets: resumes by cursor after every break, acknowledges, gives each entry to
 * its listener exactly once and in order, and says at the end whether the whole text was read.
 */
export class LogSocketClient {
  readonly #options: LogSocketClientOptions;
  readonly #lanes = new Set<Lane>();
  readonly #subscriptions = new Map<string, OpenSubscription>();
  readonly #stateListeners = new Set<(state: ConnectionState) => void>();
  #shared: Lane | null = null;
  #state: ConnectionState = idle;
  #isClosed = false;

  constructor(options: LogSocketClientOptions) {
    this.#options = options;
  }

  /** The connection's state; with several (direct) that of the one furthest from ready. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls back at each change of state, until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /**
   * Reads a channel (`kind/id`), also one that does not exist yet. One subscription a channel at a time.
   * @throws Error for a bad name, a closed client, a channel that is being read, or a filter on a direct socket.
   */
  subscribe(channel: string, options: SubscribeOptions, listener: LogListener): Subscription {
    this.#check(channel, options);
    const keeper = this.#keeperOf(channel, options, listener);
    const reader = new ChannelReader(channel, options, listener, {
      ...this.#readerSettings(),
      keeper,
      onFinish: () => this.#forget(subscription),
    });
    const lane = this.#laneFor();
    const subscription: OpenSubscription = new OpenSubscription(reader, lane, () =>
      this.#forget(subscription),
    );
    this.#subscriptions.set(channel, subscription);
    const resumes = keeper !== null && options.cursor === undefined && options.last === undefined;
    if (resumes) void subscription.startFrom(keeper);
    else lane.add(reader);
    return subscription;
  }

  /**
   * Sends a command to a channel's agents: over every break, always with the same id, until it is stored. What
   * becomes of it then is told while this client reads the channel. On direct sockets it must be read.
   * @throws Error for a bad name or id, a closed client, or a channel that is not read on a direct socket.
   */
  command(channel: string, request: CommandRequest): SentCommand {
    const name = parseChannelName(channel);
    if (!name.ok) throw new Error(name.problem.message);
    if (this.#isClosed) throw new Error("The client is closed. Make a new one to send commands.");
    const { name: wanted, data = {}, group, onReply } = request;
    const id = checkedId(request.id ?? newId());
    const command = { channel, id, name: wanted, data, ...(group !== undefined && { group }) };
    return this.#laneOf(channel).command(command, onReply);
  }

  /** Tries again now: instead of waiting, or after the gateway has refused (with a new token). */
  reconnect(): void {
    for (const lane of this.#lanes) lane.reconnect();
  }

  /** Ends everything, for good. Resolves when all places are stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const subscriptions = [...this.#subscriptions.values()];
    const lanes = [...this.#lanes];
    const saved = subscriptions.map((subscription) => subscription.close());
    for (const lane of lanes) lane.close();
    this.#setState({ name: "stopped", reason: { kind: "closed" } });
    await Promise.all(saved);
  }

  #check(channel: string, options: SubscribeOptions): void {
    const name = parseChannelName(channel);
    if (!name.ok) throw new Error(name.problem.message);
    if (this.#isClosed) throw new Error("The client is closed. Make a new one to subscribe.");
    if (this.#subscriptions.has(channel)) throw new Error(`${channel} is being read already by this client.`);
    if (options.cursor !== undefined && options.last !== undefined) {
      throw new Error("Both cursor and last were given. Allowed: one of them.");
    }
    if (options.filter !== undefined && this.#options.transport === "direct") {
      throw new Error("A filter needs the shared transport: on a direct socket nobody applies it.");
    }
    const { maxWindowBytes } = options;
    if (maxWindowBytes !== undefined && maxWindowBytes < limits.windowMinBytes) {
      throw new Error(`maxWindowBytes is ${maxWindowBytes}. Allowed: from ${limits.windowMinBytes}.`);
    }
  }

  #keeperOf(channel: string, options: SubscribeOptions, listener: LogListener): StateKeeper | null {
    const { storage, url } = this.#options;
    if (storage === undefined) return null;
    const onFailure = (thrown: unknown): void => {
      const message = `The place in ${channel} could not be loaded or saved: ${sentenceOf(thrown)}`;
      listener.onProblem?.({ code: "storage_failed", message, channel });
    };
    const key = storageKey(url, channel, options.filter);
    return new StateKeeper(storage, key, onFailure, this.#readerSettings().startTimer);
  }

  #readerSettings() {
    const { maxBufferedEntries = 50_000, random = Math.random } = this.#options;
    return { maxBufferedEntries, random, startTimer: this.#options.startTimer ?? startTimer };
  }

  #laneOf(channel: string): Lane {
    if (this.#options.transport !== "direct") return this.#laneFor();
    const subscription = this.#subscriptions.get(channel);
    if (subscription !== undefined) return subscription.lane;
    throw new Error(`${channel} is not read by this client. On direct sockets commands go where it is read.`);
  }

  #laneFor(): Lane {
    if (this.#options.transport === "direct") return this.#newLane();
    this.#shared ??= this.#newLane();
    return this.#shared;
  }

  #newLane(): Lane {
    const { url, token, heartbeatMs = 30_000, webSocket = WebSocket } = this.#options;
    const { transport = "shared", watchWakes = browserWakes } = this.#options;
    const { random, startTimer } = this.#readerSettings();
    const options: LaneOptions = {
      url,
      token,
      heartbeatMs,
      webSocket,
      transport,
      watchWakes,
      random,
      startTimer,
    };
    const lane = new Lane(options, () => this.#updateState());
    this.#lanes.add(lane);
    return lane;
  }

  #forget(subscription: OpenSubscription): void {
    if (this.#subscriptions.get(subscription.channel) === subscription) {
      this.#subscriptions.delete(subscription.channel);
    }
    if (subscription.lane !== this.#shared) this.#lanes.delete(subscription.lane);
    this.#updateState();
  }

  #updateState(): void {
    if (!this.#isClosed) this.#setState(worstOf([...this.#lanes].map((lane) => lane.state)));
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }
}

/** From the furthest from ready to ready itself; what has no socket and needs none comes last. */
const order: readonly ConnectionState["name"][] = [
  "stopped",
  "waiting",
  "connecting",
  "open",
  "ready",
  "idle",
];

function worstOf(states: readonly ConnectionState[]): ConnectionState {
  const [worst] = [...states].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return worst ?? idle;
}

class OpenSubscription implements Subscription {
  readonly lane: Lane;
  readonly #reader: ChannelReader;
  readonly #onClose: () => void;

  constructor(reader: ChannelReader, lane: Lane, onClose: () => void) {
    this.#reader = reader;
    this.lane = lane;
    this.#onClose = onClose;
  }

  get channel(): string {
    return this.#reader.channel;
  }

  get cursor(): number | null {
    return this.#reader.cursor;
  }

  get epoch(): string | null {
    return this.#reader.epoch;
  }

  get state(): ConnectionState {
    return this.lane.state;
  }

  async startFrom(keeper: StateKeeper): Promise<void> {
    const saved = await keeper.load();
    if (this.#reader.isClosed) return;
    if (saved !== null) this.#reader.restore(saved);
    this.lane.add(this.#reader);
  }

  async close(): Promise<void> {
    const saved = this.#reader.close();
    this.lane.drop(this.#reader);
    this.#onClose();
    await saved;
  }
}
