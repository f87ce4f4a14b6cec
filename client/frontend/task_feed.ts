import type { DMessage } from "../../protocol/dialects/d_message.ts";
import { isObject } from "../../protocol/fields.ts";
import { readMessage } from "./answers.ts";
import {
  type Feed,
  type FeedEffect,
  type FeedEvent,
  type Phase,
  startOf,
  transition,
} from "./feed_machine.ts";
import type { Answer, Gateway } from "./gateway.ts";

/** Who is told what a feed brings. */
export interface FeedListener {
  readonly onMessages: (messages: readonly DMessage[]) => void;
  /** Messages that are no longer kept, both offsets included. */
  readonly onLost: (from: number, to: number) => void;
  readonly onPhase: (phase: Phase) => void;
}

/** Follows one task: does what {@link transition} says. At most one socket, one request and one timer at a time. */
export class TaskFeed {
  readonly #gateway: Gateway;
  readonly #taskId: string;
  readonly #listener: FeedListener;
  #feed: Feed;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;
  #isStopped = false;

  constructor(gateway: Gateway, taskId: string, offset: number, listener: FeedListener) {
    this.#gateway = gateway;
    this.#taskId = taskId;
    this.#listener = listener;
    this.#feed = startOf(offset);
  }

  start(): void {
    this.#handle({ type: "started" });
  }

  /** Ends everything that is on its way; nobody is told anything after it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#leaveSocket();
  }

  #handle(event: FeedEvent): void {
    if (this.#isStopped) return;
    const before = this.#feed.phase;
    const { feed, effects } = transition(this.#feed, event, Math.random());
    if (feed === this.#feed && effects.length === 0) return;
    this.#feed = feed;
    clearTimeout(this.#timer);
    for (const effect of effects) this.#do(effect);
    if (feed.phase !== before) this.#listener.onPhase(feed.phase);
  }

  #do(effect: FeedEffect): void {
    switch (effect.do) {
      case "page":
        this.#ask(
          (signal) => this.#gateway.history(this.#taskId, effect.offset, signal),
          (page) => ({ type: "page", page }),
        );
        return;
      case "status":
        this.#ask(
          (signal) => this.#gateway.status(this.#taskId, signal),
          (status) => ({ type: "status", status }),
        );
        return;
      case "open":
        void this.#open(effect.offset);
        return;
      case "close":
        this.#leaveSocket();
        return;
      case "timer":
        this.#timer = setTimeout(() => this.#handle({ type: "timer" }), effect.ms);
        return;
      case "show":
        this.#listener.onMessages(effect.messages);
        return;
      case "lost":
        this.#listener.onLost(effect.from, effect.to);
        return;
    }
  }

  /** Asks; only the newest question's answer counts. */
  #ask<T>(ask: (signal: AbortSignal) => Promise<Answer<T>>, eventOf: (value: T) => FeedEvent): void {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    void ask(request.signal).then((answer) => {
      if (this.#request !== request) return;
      this.#request = null;
      this.#handle(answer.ok ? eventOf(answer.value) : { type: "failed", failure: answer.failure });
    });
  }

  async #open(offset: number): Promise<void> {
    this.#leaveSocket();
    const opening = await this.#gateway.socket(this.#taskId, offset).catch(() => null);
    if (this.#isStopped || opening === null) {
      opening?.close(1000);
      this.#handle({ type: "closed", code: 1006, reason: "", detail: "" });
      return;
    }
    this.#socket = opening;
    let detail = "";
    const isCurrent = (): boolean => this.#socket === opening;
    opening.onopen = () => isCurrent() && this.#handle({ type: "opened" });
    opening.onmessage = ({ data }) => {
      if (!isCurrent()) return;
      const frame = parse(data);
      const message = readMessage(frame);
      if (message !== null) this.#handle({ type: "message", message });
      else if (isObject(frame) && typeof frame["message"] === "string") detail = frame["message"];
    };
    opening.onclose = ({ code, reason }) => {
      if (!isCurrent()) return;
      this.#socket = null;
      this.#handle({ type: "closed", code, reason, detail });
    };
  }

  #leaveSocket(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }
}

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}
