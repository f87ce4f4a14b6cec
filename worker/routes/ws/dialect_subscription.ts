import type { Dialect } from "../../../protocol/dialects/dialect.ts";
import { type DownFrame, type EntriesFrame, limits, utf8Bytes } from "../../../protocol/mod.ts";
import { backoffMs, maxAttempts } from "../../core/backoff.ts";
import type { Pace } from "../../core/pace.ts";
import { isForCause, type Leg } from "./leg.ts";
import { legWindow, type SessionPorts } from "./session.ts";

/** A leg that held for so long is no sign of an object that cannot be reached. */
const steadyMs = 60_000;

interface Subscribed {
  readonly id: string;
  readonly channel: string;
  readonly cursor?: number;
  /** How fast the client is sent to; its socket's channels share it. */
  readonly pace: Pace;
  /** How many channels the socket reads. */
  readonly legs: () => number;
  /** The object ended it for a cause. */
  readonly ended: () => void;
}

/**
 * One channel in a dialect. Its client knows no lost leg: it is opened again after the last cursor sent, until
 * it was closed for a cause, {@link maxAttempts} failed in a row, or the client left.
 */
export class DialectSubscription {
  readonly #dialect: Dialect;
  readonly #ports: SessionPorts;
  readonly #about: Subscribed;
  #leg: Leg | null = null;
  /** Waits to open a leg again, or for the pace: never for both. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  #attempts = 0;
  #openedAt = 0;
  /** The last cursor sent and its epoch: where a new leg goes on. */
  #cursor: number | null;
  #epoch: string | null = null;
  #windowBytes: number = limits.windowMinBytes;
  #unackedBytes = 0;

  constructor(dialect: Dialect, ports: SessionPorts, about: Subscribed) {
    this.#dialect = dialect;
    this.#ports = ports;
    this.#about = about;
    this.#cursor = about.cursor ?? null;
  }

  open(): void {
    this.#timer = null;
    this.#openedAt = Date.now();
    this.#unackedBytes = 0;
    this.#leg = this.#ports.openLeg(
      {
        channel: this.#about.channel,
        ...(this.#cursor !== null && { cursor: this.#cursor }),
        ...(this.#cursor !== null && this.#epoch !== null && { epoch: this.#epoch }),
        maxWindowBytes: legWindow(this.#about.legs()),
      },
      { frame: (text) => this.#take(text), lost: (code) => this.#lost(code) },
    );
  }

  close(): void {
    this.#stopTimer();
    this.#leg?.close();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #take(text: string): void {
    // What an object of this gateway sends is believed.
    const frame = JSON.parse(text) as DownFrame;
    const { id } = this.#about;
    switch (frame.type) {
      case "subscribed":
        this.#epoch = frame.epoch;
        this.#cursor = frame.cursor;
        this.#windowBytes = frame.windowBytes;
        return;
      case "window":
        this.#windowBytes = frame.windowBytes;
        this.#ack();
        return;
      case "entries":
        this.#deliver(text, frame);
        return;
      case "gap":
        if (frame.to !== null) this.#cursor = frame.to;
        this.#ports.send(this.#dialect.encodeGap(id, frame));
        return;
      case "end":
        this.#ports.send(this.#dialect.encodeEnd(id, frame));
        return;
      case "error":
        this.#ports.send(this.#dialect.encodeError(frame, id));
        return;
      default:
        // Summaries, redactions and the like have no frame in a dialect.
        return;
    }
  }

  /** Sends what is new; pages are cut at chunks and may begin before the cursor asked for. */
  #deliver(text: string, { first, entries }: EntriesFrame): void {
    entries.forEach((entry, i) => {
      const cursor = first + i;
      if (this.#cursor !== null && cursor <= this.#cursor) return;
      this.#ports.send(this.#dialect.encodeEntry(this.#about.id, entry, cursor));
      this.#cursor = cursor;
    });
    this.#unackedBytes += utf8Bytes(text);
    this.#ackIfOwed();
  }

  #ackIfOwed(): void {
    if (this.#unackedBytes >= this.#windowBytes / 2) this.#ack();
  }

  /** Acknowledges for the client, at its pace: what is not acknowledged stays in the journal. */
  #ack(): void {
    if (this.#unackedBytes === 0 || this.#timer !== null) return;
    const waitMs = this.#about.pace.take(this.#unackedBytes, Date.now());
    this.#unackedBytes = 0;
    if (waitMs === 0) {
      this.#sendAck();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sendAck();
      this.#ackIfOwed();
    }, waitMs);
  }

  #sendAck(): void {
    if (this.#cursor !== null) this.#leg?.ack(this.#about.channel, this.#cursor);
  }

  #lost(code: number): void {
    this.#leg = null;
    this.#stopTimer();
    if (isForCause(code)) {
      this.#about.ended();
      return;
    }
    if (Date.now() - this.#openedAt > steadyMs) this.#attempts = 0;
    if (this.#attempts >= maxAttempts) {
      const message = `The connection to ${this.#about.channel} failed ${maxAttempts} times. Connect again.`;
      this.#ports.fail({ code: "restarting", message });
      return;
    }
    this.#timer = setTimeout(() => this.open(), backoffMs(this.#attempts, Math.random()));
    this.#attempts += 1;
  }
}
