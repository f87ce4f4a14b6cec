import { readSessionFrame } from "../../protocol/dialects/e_decode.ts";
import { sessionEndFrame, sessionEntryFrame } from "../../protocol/dialects/e_entry.ts";
import type { SessionCommand, SessionEventFrame } from "../../protocol/dialects/e_frames.ts";
import type { Entry, GapFrame, JsonObject } from "../../protocol/mod.ts";
import type { LogSocketClient, Subscription } from "./log_socket_client.ts";
import type { SentCommand } from "./outbox.ts";
import type { SessionListener } from "./session_listener.ts";
import {
  emptySession,
  routeSession,
  type SessionBounds,
  type SessionView,
  sessionBounds,
} from "./session_view.ts";
import type { SubscribeOptions } from "./subscribe_options.ts";

/** From the first event on by default, so that the view is of the whole session. */
export interface WorkflowSessionOptions extends Omit<SubscribeOptions, "filter"> {
  readonly bounds?: Partial<SessionBounds>;
}

/**
 * A workflow session read natively, on a connection that it shares: what its events come to, and the commands for
 * its engine, which are stored and answered also across breaks.
 */
export class WorkflowSession {
  readonly channel: string;
  readonly #client: LogSocketClient;
  readonly #listener: SessionListener;
  readonly #bounds: SessionBounds;
  readonly #subscription: Subscription;
  #view: SessionView = emptySession;

  /**
   * `session` is its id, or a channel's whole name.
   * @throws Error as {@link LogSocketClient.subscribe} does.
   */
  constructor(
    client: LogSocketClient,
    session: string,
    listener: SessionListener,
    { bounds, ...options }: WorkflowSessionOptions = {},
  ) {
    this.channel = session.includes("/") ? session : `session/${session}`;
    this.#client = client;
    this.#listener = listener;
    this.#bounds = { ...sessionBounds, ...bounds };
    // A place stored by the client would hide what came before it from the view.
    const { cursor, last } = options;
    const from = cursor === undefined && last === undefined ? { cursor: 0 } : {};
    this.#subscription = client.subscribe(
      this.channel,
      { ...from, ...options },
      {
        onEntries: (first, entries) => this.#take(first, entries),
        onGap: (gap) => this.#passOver(gap),
        onEnd: (end) => this.#route([sessionEndFrame(end)]),
        onProblem: (problem) => listener.onProblem?.(problem),
      },
    );
  }

  get view(): SessionView {
    return this.#view;
  }

  /** The state of the connection that carries it. */
  get state(): Subscription["state"] {
    return this.#subscription.state;
  }

  start(data: JsonObject = {}): SentCommand {
    return this.send("start_session", data);
  }

  pause(): SentCommand {
    return this.send("pause_session", {});
  }

  resume(): SentCommand {
    return this.send("resume_session", {});
  }

  userInput(data: JsonObject): SentCommand {
    return this.send("user_input", data);
  }

  /** @throws Error as {@link LogSocketClient.command} does. */
  send(name: SessionCommand, data: JsonObject): SentCommand {
    return this.#client.command(this.channel, { name, data });
  }

  /** Ends it; nothing is called afterwards. */
  close(): Promise<void> {
    return this.#subscription.close();
  }

  #take(first: number, entries: readonly Entry[]): void {
    this.#route(entries.map((entry, i) => sessionEntryFrame(entry, first + i)));
  }

  /** What an engine published wrongly is reported and skipped. */
  #route(frames: readonly SessionEventFrame[]): void {
    let view = this.#view;
    const events: SessionEventFrame[] = [];
    for (const frame of frames) {
      const read = readSessionFrame(frame);
      if (read.ok) {
        view = routeSession(view, read.value, this.#bounds);
        events.push(frame);
      } else {
        view = { ...view, cursor: frame.cursor ?? view.cursor };
        this.#listener.onProblem?.({ ...read.problem, channel: this.channel });
      }
    }
    this.#update(view);
    for (const event of events) this.#listener.onEvent?.(event);
  }

  #passOver({ from, to, count }: GapFrame): void {
    // After a deleted journal the next one is read from its beginning.
    this.#update({ ...this.#view, cursor: to ?? 0 });
    this.#listener.onGap?.({ from, to, count });
  }

  #update(view: SessionView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#listener.onView?.(view);
  }
}
