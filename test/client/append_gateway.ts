import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isObject, type ProblemCode, problemTable, problemTitles } from "../../protocol/mod.ts";

/** What happens to one request. `lost`: it is stored, and the connection breaks before the answer. */
export type Fate =
  | { readonly kind: "take" }
  | { readonly kind: "lost" }
  | { readonly kind: "cut" }
  | { readonly kind: "problem"; readonly code: ProblemCode; readonly retryAfterSeconds?: number }
  | { readonly kind: "page"; readonly status: number };

export interface StoredBatch {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly body: string;
}

/** Appends over HTTP on loopback, as the wire words it: numbers are checked, repeats are not stored again. */
export class AppendGateway {
  /** Every request that asked to append, as it came. */
  readonly asked: StoredBatch[] = [];
  readonly lines: string[] = [];
  readonly tokens: (string | undefined)[] = [];
  ended: unknown = null;
  /** What happens to the next request. */
  fate: (batch: StoredBatch) => Fate = () => ({ kind: "take" });
  #epoch = -1;
  #next = 0;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<AppendGateway> {
    const gateway = new AppendGateway();
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The channel is deleted: nothing is known of its producers any more. */
  forget(): void {
    this.#epoch = -1;
    this.#next = 0;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding("utf8");
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.tokens.push(request.headers.authorization);
    if (request.url?.endsWith("/end")) this.#end(body, response);
    else this.#append(batchOf(request, body), response);
  }

  #append(batch: StoredBatch, response: ServerResponse): void {
    this.asked.push(batch);
    const fate = this.fate(batch);
    switch (fate.kind) {
      case "take":
        this.#take(batch, response);
        return;
      case "lost":
        this.#store(batch);
        response.destroy();
        return;
      case "cut":
        response.destroy();
        return;
      case "problem":
        refuse(response, fate.code, "Refused.", fate.retryAfterSeconds);
        return;
      case "page":
        response.writeHead(fate.status).end("<h1>Bad gateway</h1>");
        return;
    }
  }

  #take(batch: StoredBatch, response: ServerResponse): void {
    const verdict = this.#store(batch);
    if (verdict === "hole") {
      refuse(response, "sequence_hole", `Expected ${this.#next}.`);
      return;
    }
    const receipt = { channel: "build/1", epoch: "A", duplicate: verdict === "duplicate" };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(receipt));
  }

  #store({ epoch, seq, body }: StoredBatch): "stored" | "duplicate" | "hole" {
    if (epoch > this.#epoch && seq === 0) {
      this.#epoch = epoch;
      this.#next = 0;
    }
    if (epoch !== this.#epoch || seq > this.#next) return "hole";
    if (seq < this.#next) return "duplicate";
    this.#next += 1;
    for (const text of body.trimEnd().split("\n")) this.lines.push(lineOf(text));
    return "stored";
  }

  #end(body: string, response: ServerResponse): void {
    this.ended = JSON.parse(body);
    const receipt = {
      channel: "build/1",
      cursor: 1,
      status: "success",
      lines: 1,
      bytes: 1,
      crc32: "00000000",
    };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(receipt));
  }
}

function batchOf({ headers }: IncomingMessage, body: string): StoredBatch {
  const id = String(headers["producer-id"]);
  return { id, epoch: Number(headers["producer-epoch"]), seq: Number(headers["producer-seq"]), body };
}

function lineOf(text: string): string {
  const entry: unknown = JSON.parse(text);
  return isObject(entry) ? `${entry["line"]}` : text;
}

function refuse(response: ServerResponse, code: ProblemCode, detail: string, retryAfter?: number): void {
  const { status } = problemTable[code];
  const title = problemTitles[code];
  const headers = {
    "Content-Type": "application/problem+json",
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
  };
  response.writeHead(status, headers).end(JSON.stringify({ title, status, code, detail }));
}
