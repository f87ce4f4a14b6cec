import { limits, ok, parseChannelName, type Result, type UncheckedAppend } from "../../../protocol/mod.ts";
import type { AppendReceipt } from "../../core/contract.ts";
import type { Claims } from "../../core/token_claims.ts";
import { appendRequestOf, type Unnumbered } from "./append_frames.ts";
import { type Answer, AppendPipeline, type Granted, UnackedBytes } from "./append_pipeline.ts";
import { checkGrant } from "./check_grant.ts";
import type { Caller } from "./frame_socket.ts";

/** One channel's batches, and what allows them. */
interface Line {
  readonly pipeline: AppendPipeline;
  /** Whose grants were asked: those of a new token are asked anew, and after a refusal all are. */
  claims: Claims | null;
  granted: Granted;
}

/** The batches of an agent's socket for any channel that it may serve: in order within a channel, bounded together. */
export class AgentAppends {
  readonly #caller: Pick<Caller, "env" | "tenant">;
  readonly #claims: () => Claims;
  readonly #unacked = new UnackedBytes();
  readonly #lines = new Map<string, Line>();

  constructor(caller: Pick<Caller, "env" | "tenant">, claims: () => Claims) {
    this.#caller = caller;
    this.#claims = claims;
  }

  /** Hands on a batch whose frame had `bytes`; answers come in the order of a channel's frames. */
  append(frame: UncheckedAppend | Unnumbered, bytes: number, answer: Answer): void {
    const line = this.#lineOf(frame.channel);
    const admitted = this.#unacked.admits(bytes);
    const request = admitted.ok ? appendRequestOf(frame, this.#caller.tenant) : admitted;
    if (!request.ok) {
      line.pipeline.refuse(request.problem, answer);
      return;
    }
    line.pipeline.append(
      request.value,
      bytes,
      (outcome) => this.#settle(line, outcome, answer),
      line.granted,
    );
  }

  /** Runs what another frame of a channel asks, once the batches that came before it were answered. */
  after(channel: string, bytes: number, run: () => void): Result<true> {
    const pipeline = this.#lines.get(channel)?.pipeline;
    if (pipeline === undefined || pipeline.isIdle) {
      run();
      return ok(true);
    }
    const admitted = this.#unacked.admits(bytes);
    if (admitted.ok) pipeline.after(bytes, run);
    return admitted;
  }

  /** Resolves when everything that came before this was answered. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ pipeline }) => pipeline.settled()));
  }

  /** What was not granted is asked for again with the next batch. */
  #settle(line: Line, outcome: Result<AppendReceipt>, answer: Answer): void {
    if (!outcome.ok) line.claims = null;
    answer(outcome);
  }

  #lineOf(channel: string): Line {
    const claims = this.#claims();
    const known = this.#lines.get(channel);
    if (known === undefined) return this.#open(channel, claims);
    if (known.claims !== claims) {
      known.claims = claims;
      known.granted = this.#grant(channel, claims);
    }
    return known;
  }

  #open(channel: string, claims: Claims): Line {
    if (this.#lines.size >= limits.agentChannels) this.#forgetIdle();
    const { env, tenant } = this.#caller;
    const line = {
      pipeline: new AppendPipeline(env, tenant, channel, this.#unacked),
      claims,
      granted: this.#grant(channel, claims),
    };
    this.#lines.set(channel, line);
    return line;
  }

  async #grant(channel: string, claims: Claims): Granted {
    const name = parseChannelName(channel);
    return name.ok ? checkGrant(this.#caller.env, claims, "serve", name.value) : name;
  }

  /** All that have nothing to do: those that do hold a frame each, and frames are bounded. */
  #forgetIdle(): void {
    for (const [channel, { pipeline }] of this.#lines) if (pipeline.isIdle) this.#lines.delete(channel);
  }
}
