import {
  type About,
  type ChannelName,
  errorFrameOf,
  type Problem,
  pongText,
  producerFrameOf,
  type Result,
  refuse,
  type UncheckedAppend,
  type Untrusted,
} from "../../../protocol/mod.ts";
import type { AppendRequest } from "../../core/contract.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Auditor } from "../audit/auditor.ts";
import { SocketAudit } from "../audit/socket_audit.ts";
import { aboutOf, appendRequestOf, outcomeText } from "./append_frames.ts";
import { AppendPipeline } from "./append_pipeline.ts";
import { checkGrant } from "./check_grant.ts";
import { type Caller, FrameSocket, type Lifetime, type Speaker } from "./frame_socket.ts";

/** What a producer's socket appends to, and by which grant. */
export interface Target {
  readonly channel: ChannelName;
  /** What a first append gives the channel. */
  readonly firstProject: string | undefined;
  /** The grant is one on this project, and holds for as long as the channel is the project's. */
  readonly grantedProject: string | undefined;
}

/** A MiB of batches costs some 50 ms of CPU, a small batch less than a millisecond. */
const lifetime: Lifetime = { frames: 100_000, receivedBytes: 1024 * 1024 * 1024 };

/** How often a grant on a project is checked again while batches come, in milliseconds. */
const recheckMs = 60_000;

/** A producer's socket: batches are handed on as they come, and answered in order once they are on disk. */
export class ProducerSocket implements Speaker {
  readonly #socket: FrameSocket;
  readonly #caller: Caller;
  readonly #target: Target;
  readonly #audit: SocketAudit;
  readonly #pipeline: AppendPipeline;
  #checkedAt = Date.now();

  constructor(socket: WebSocket, caller: Caller, target: Target, audit: Auditor) {
    this.#caller = caller;
    this.#audit = new SocketAudit(audit, target.channel.name);
    this.#target = target;
    this.#pipeline = new AppendPipeline(caller.env, caller.tenant, target.channel.name);
    this.#socket = new FrameSocket(socket, caller, lifetime, this);
  }

  receive(untrusted: Untrusted, bytes: number): void {
    const decoded = producerFrameOf(untrusted);
    if (!decoded.ok) {
      this.#refuse(decoded.problem, aboutOf(untrusted));
      return;
    }
    const frame = decoded.value;
    switch (frame.type) {
      case "ping":
        this.#socket.send(pongText);
        return;
      case "auth":
        void this.#socket.renew(frame.token);
        return;
      case "append":
        this.#append(frame, bytes);
        return;
    }
  }

  encodeError(problem: Problem): string {
    return JSON.stringify(errorFrameOf(problem));
  }

  warn(inMs: number): void {
    this.#socket.send(JSON.stringify({ type: "expiring", inMs }));
  }

  allows(claims: Claims): Promise<Result<unknown>> {
    const { channel, firstProject } = this.#target;
    return checkGrant(this.#caller.env, claims, "write", channel, firstProject);
  }

  /** What was handed on is stored all the same; its producer repeats it elsewhere and is told so. */
  close(code: number): void {
    this.#audit.closed(code);
  }

  #append(frame: UncheckedAppend, bytes: number): void {
    const request = this.#requestOf(frame, bytes);
    if (!request.ok) {
      this.#refuse(request.problem, frame);
      return;
    }
    this.#pipeline.append(request.value, bytes, (outcome) => this.#socket.send(outcomeText(frame, outcome)));
    this.#recheck();
  }

  #requestOf(frame: UncheckedAppend, bytes: number): Result<AppendRequest> {
    const { channel, firstProject } = this.#target;
    if (frame.channel !== channel.name) {
      const message = `This socket appends to ${channel.name} and was sent a batch for ${frame.channel}.`;
      return refuse("invalid_field", message, { expected: channel.name });
    }
    const admitted = this.#pipeline.admits(bytes);
    if (!admitted.ok) return admitted;
    return appendRequestOf(frame, this.#caller.tenant, firstProject);
  }

  #refuse(problem: Problem, about: About): void {
    this.#pipeline.refuse(problem, () => this.#tell(problem, about));
  }

  #tell(problem: Problem, about: About): void {
    this.#socket.send(JSON.stringify(errorFrameOf(problem, about)));
  }

  /** A channel may be deleted and begun anew in another project while its producers stay connected. */
  #recheck(): void {
    if (this.#target.grantedProject === undefined || Date.now() - this.#checkedAt < recheckMs) return;
    this.#checkedAt = Date.now();
    void this.allows(this.#socket.claims).then((verdict) => {
      if (!verdict.ok && verdict.problem.code === "forbidden") this.#socket.fail(verdict.problem);
    });
  }
}
