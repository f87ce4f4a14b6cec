import { once } from "node:events";
import { decodeDownFrame, pingText, pongText } from "../../protocol/mod.ts";
import type { Access } from "../e2e/send_lines.ts";

/** A direct viewer that says nothing but its pings. */
export class PingingViewer {
  /** The newest cursor it has received. */
  cursor = 0;
  /** Pings that are not answered yet. */
  unanswered = 0;
  isClosed = false;
  readonly #socket: WebSocket;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    socket.addEventListener("close", () => {
      this.isClosed = true;
      clearInterval(this.#timer);
    });
  }

  static async open({ url, token }: Access, channel: string, pingEveryMs: number): Promise<PingingViewer> {
    const address = `${url.replace("http", "ws")}/ws/channels/${channel}`;
    const socket = new WebSocket(address, ["tailrace.v1", `bearer.${token}`]);
    const viewer = new PingingViewer(socket);
    await once(socket, "open");
    viewer.#timer = setInterval(() => viewer.#ping(), pingEveryMs);
    return viewer;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #ping(): void {
    this.unanswered += 1;
    this.#socket.send(pingText);
  }

  #take(text: string): void {
    if (text === pongText) {
      this.unanswered -= 1;
      return;
    }
    const frame = decodeDownFrame(text);
    if (frame.ok && frame.value.type === "entries")
      this.cursor = frame.value.first + frame.value.entries.length - 1;
  }
}
