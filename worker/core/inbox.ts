import {
  type CommandFrame,
  checkCommand,
  decodeViewerFrame,
  frameTooLarge,
  limits,
  type Problem,
  pongText,
  type Result,
  refuse,
  utf8Bytes,
  type ViewerFrame,
} from "../../protocol/mod.ts";
import type { BucketRule } from "./bucket.ts";
import type { ChannelLog } from "./channel_log.ts";
import { withPing } from "./client_silence.ts";
import type { Commands } from "./commands/commands.ts";
import { countFrame, frameRule } from "./frame_count.ts";
import type { ChannelSettings } from "./ports.ts";
import type { Readers } from "./readers.ts";
import { ackPastSent } from "./refusals.ts";
import type { Peer, Subscriber } from "./subscriber.ts";

/** What a peer's frame asks of the shell, if anything. */
export type PeerRequest = { readonly kind: "none" } | { readonly kind: "auth"; readonly token: string };

const nothing: PeerRequest = { kind: "none" };

/** Takes what subscribers send: bounds it, decodes it, and does it. */
export class Inbox {
  readonly #log: ChannelLog;
  readonly #readers: Readers;
  readonly #commands: Commands;
  readonly #rule: BucketRule;
  readonly #allowsHostile: boolean;

  constructor(
    log: ChannelLog,
    readers: Readers,
    commands: Commands,
    settings: Pick<ChannelSettings, "framesPerSecond" | "allowsHostile">,
  ) {
    this.#log = log;
    this.#readers = readers;
    this.#commands = commands;
    this.#rule = frameRule(settings.framesPerSecond);
    this.#allowsHostile = settings.allowsHostile;
  }

  receive(peer: Peer, text: string, now: number): PeerRequest {
    const subscriber = this.#readers.find(peer);
    if (subscriber === undefined) return nothing;
    subscriber.update({ heardAt: now });
    const bytes = utf8Bytes(text);
    if (bytes > limits.upFrameBytes) {
      this.#readers.reject(peer, frameTooLarge(bytes), now);
      return nothing;
    }
    const decoded = decodeViewerFrame(text);
    if (!decoded.ok && decoded.problem.code === "malformed_json") {
      // What is no JSON at all is no frame of this protocol; a wrong frame is answered and costs nothing else.
      this.#readers.reject(peer, decoded.problem, now);
      return nothing;
    }
    // An ack with news answers what was sent, and is bounded by it: reading fast is not sending fast.
    if (decoded.ok && this.#isNews(subscriber, decoded.value)) {
      this.#readers.ack(subscriber, decoded.value.cursor, now);
      return nothing;
    }
    if (!this.#takes(subscriber, now)) return nothing;
    if (decoded.ok) return this.#do(subscriber, decoded.value, now);
    this.#readers.tellProblem(subscriber, decoded.problem, now);
    return nothing;
  }

  #isNews(
    { state: { sent, acked } }: Subscriber,
    frame: ViewerFrame,
  ): frame is Extract<ViewerFrame, { type: "ack" }> {
    if (frame.type !== "ack" || frame.channel !== this.#log.channel) return false;
    return frame.cursor > acked.cursor && frame.cursor <= sent.cursor;
  }

  /** Counts a frame against its sender's rate; past it the sender is told, and closed when it goes on. */
  #takes(subscriber: Subscriber, now: number): boolean {
    const verdict = countFrame(subscriber.state.frames, this.#rule, now);
    subscriber.update({ frames: verdict.bucket });
    subscriber.save();
    if (verdict.kind === "take") return true;
    const { perSecond, burst } = this.#rule;
    const problem: Problem = {
      code: "too_fast",
      message: `The client sends more than ${perSecond} frames a second. Allowed: that, and ${burst} at once (the setting MAX_FRAMES_PER_SECOND). Try again in ${verdict.retryAfterMs} ms.`,
      expected: perSecond,
      retryAfterMs: verdict.retryAfterMs,
    };
    if (verdict.kind === "close") this.#readers.reject(subscriber.peer, problem, now);
    else this.#readers.tellProblem(subscriber, problem, now);
    return false;
  }

  #do(subscriber: Subscriber, frame: ViewerFrame, now: number): PeerRequest {
    switch (frame.type) {
      case "ping":
        subscriber.update(withPing(subscriber.state, now));
        subscriber.send(pongText, now);
        subscriber.save();
        return nothing;
      case "auth":
        return { kind: "auth", token: frame.token };
      case "ack":
        if (this.#isOwn(subscriber, frame, now)) this.#refuseAck(subscriber, frame.cursor, now);
        return nothing;
      case "unsubscribe":
        if (this.#isOwn(subscriber, frame, now)) this.#readers.unsubscribe(subscriber.peer, now);
        return nothing;
      case "command":
        if (this.#isOwn(subscriber, frame, now)) this.#command(subscriber, frame, now);
        return nothing;
      case "subscribe": {
        const message =
          "This socket was subscribed by its address and takes no subscribe. Open another, or use /ws.";
        this.#readers.tellProblem(subscriber, { code: "unknown_frame", message }, now);
        return nothing;
      }
    }
  }

  /** Where it was stored, or was before, its subject's sockets are told: this one is one of them. */
  #command(subscriber: Subscriber, frame: CommandFrame, now: number): void {
    const { channel, tenant } = this.#log;
    const { commands, subject } = subscriber.state;
    const allowsHostile = this.#allowsHostile;
    const checked = commands ? checkCommand(kindOf(channel), frame, { allowsHostile }) : ungranted(channel);
    const taken = checked.ok
      ? this.#commands.command({ tenant, channel, subject, ...checked.value }, now)
      : checked;
    if (!taken.ok) this.#readers.tellProblem(subscriber, taken.problem, now, { id: frame.id });
  }

  /** Whether a frame names the one channel that its socket reads; if not, the peer is told. */
  #isOwn(
    subscriber: Subscriber,
    { type, channel }: { readonly type: string; readonly channel: string },
    now: number,
  ): boolean {
    if (channel === this.#log.channel) return true;
    const message = `This socket reads ${this.#log.channel} and was sent ${type} for ${channel}.`;
    this.#readers.tellProblem(subscriber, { code: "not_subscribed", message }, now);
    return false;
  }

  /** An ack without news: one below the newest is nothing, one of what was never sent is wrong. */
  #refuseAck(subscriber: Subscriber, cursor: number, now: number): void {
    const sent = subscriber.state.sent.cursor;
    if (cursor <= sent) return;
    this.#readers.tellProblem(subscriber, ackPastSent(cursor, sent), now);
  }
}

function kindOf(channel: string): string {
  return channel.slice(0, channel.indexOf("/"));
}

function ungranted(channel: string): Result<never> {
  const grant = `command:${channel}`;
  return refuse("forbidden", `This needs the grant ${grant}, which the socket's token does not have.`, {
    expected: grant,
  });
}
