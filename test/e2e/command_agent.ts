import type { CommandDownFrame, DownFrame, Json } from "../../protocol/mod.ts";

/** An agent as a plain client of `/ws/agent`: it joins, takes commands in order, acknowledges and answers. */
export class CommandAgent {
  readonly #socket: WebSocket;
  readonly taken: CommandDownFrame[] = [];
  /** What it answers; nothing where this gives undefined. */
  readonly #answer: (command: CommandDownFrame) => Json | undefined;

  private constructor(socket: WebSocket, answer: (command: CommandDownFrame) => Json | undefined) {
    this.#socket = socket;
    this.#answer = answer;
    // The gateway's frames are what its own tests say they are.
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as DownFrame);
  }

  static async join(
    url: string,
    token: string,
    channel: string,
    answer: (command: CommandDownFrame) => Json | undefined,
  ): Promise<CommandAgent> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/agent`, ["tailrace.v1", `bearer.${token}`]);
    const agent = new CommandAgent(socket, answer);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onclose = ({ code }) => reject(new Error(`The agent's socket closed ${code}.`));
    });
    agent.#send({ type: "join", channel });
    return agent;
  }

  close(): void {
    this.#socket.close(1000);
  }

  #take(frame: DownFrame): void {
    if (frame.type !== "command") return;
    this.taken.push(frame);
    const { channel, cursor, id } = frame;
    this.#send({ type: "commandAck", channel, cursor });
    const data = this.#answer(frame);
    if (data !== undefined) this.#send({ type: "answer", channel, id, cursor, data, final: true });
  }

  #send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }
}
