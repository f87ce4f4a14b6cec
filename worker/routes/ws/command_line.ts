import type { DialectRequest } from "../../../protocol/dialects/dialect.ts";
import type { Problem } from "../../../protocol/mod.ts";
import type { SessionPorts } from "./session.ts";

type CommandRequest = DialectRequest & { readonly kind: "command" };

/** Commands that wait for the one before them, at most. */
const maxWaiting = 64;

/** A socket's commands: one goes out when the one before it was taken, so that they keep their order. */
export class CommandLine {
  readonly #ports: Pick<SessionPorts, "command">;
  readonly #refused: (problem: Problem, id: string) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(ports: Pick<SessionPorts, "command">, refused: (problem: Problem, id: string) => void) {
    this.#ports = ports;
    this.#refused = refused;
  }

  send(request: CommandRequest): void {
    if (this.#waiting >= maxWaiting) {
      const message = `${maxWaiting} commands wait to be taken, which is all a socket may have. Send it again later.`;
      this.#refused({ code: "too_fast", message, retryAfterMs: 1_000 }, request.id);
      return;
    }
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#pass(request));
  }

  async #pass({ id, channel, command }: CommandRequest): Promise<void> {
    const taken = await this.#ports.command(channel, command);
    this.#waiting -= 1;
    if (!taken.ok) this.#refused(taken.problem, id);
  }
}
