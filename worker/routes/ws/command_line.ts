import { type Result, refuse } from "../../../protocol/mod.ts";
import type { CommandRecord } from "../../core/contract.ts";
import type { SocketCommand } from "./send_command.ts";
import type { SessionPorts } from "./session.ts";

/** Commands that wait for the one before them, at most. */
const maxWaiting = 64;

/** A socket's commands: one goes out when the one before it was taken, so that they keep their order. */
export class CommandLine {
  readonly #ports: Pick<SessionPorts, "command">;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(ports: Pick<SessionPorts, "command">) {
    this.#ports = ports;
  }

  /** `settle` is called once, with where the command stands or why it does not. */
  send(channel: string, command: SocketCommand, settle: (outcome: Result<CommandRecord>) => void): void {
    if (this.#waiting >= maxWaiting) {
      const message = `${maxWaiting} commands wait to be taken, which is all a socket may have. Send it again later.`;
      settle(refuse("too_fast", message, { retryAfterMs: 1_000 }));
      return;
    }
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#pass(channel, command, settle));
  }

  async #pass(
    channel: string,
    command: SocketCommand,
    settle: (outcome: Result<CommandRecord>) => void,
  ): Promise<void> {
    const outcome = await this.#ports.command(channel, command);
    this.#waiting -= 1;
    settle(outcome);
  }
}
