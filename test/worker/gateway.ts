import { exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { testEnv } from "./channel_client.ts";

/** A caller of the whole Worker, as clients are: tokens, requests and real sockets. */

export const origin = "https://gateway.test";
const worker = (exports as unknown as { readonly default: Fetcher }).default;
const secret = new TextEncoder().encode(testEnv.TAILRACE_SECRET);

interface TokenParts {
  readonly grants?: readonly string[];
  readonly sub?: string;
  readonly tenant?: string;
  readonly expiresInSeconds?: number;
  readonly audience?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A token of this gateway; it grants everything unless grants are named. */
export function token(parts: TokenParts = {}): Promise<string> {
  const { grants = ["admin:*"], sub = "ada", tenant, audience = "tailrace", claims = {} } = parts;
  const exp = Math.floor(Date.now() / 1000) + (parts.expiresInSeconds ?? 600);
  return new SignJWT({ grants: [...grants], ...(tenant !== undefined && { tenant }), ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setAudience(audience)
    .setExpirationTime(exp)
    .sign(secret);
}

/** A token signed as asked, to try what must be refused. */
export function signed(payload: Record<string, unknown>, key: Uint8Array = secret): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256" }).sign(key);
}

interface CallInit extends Omit<RequestInit, "headers"> {
  readonly headers?: Readonly<Record<string, string>>;
  /** A token, or null for none; everything is granted where it is left out. */
  readonly as?: string | null;
}

export async function call(path: string, { as, headers = {}, ...init }: CallInit = {}): Promise<Response> {
  const bearer = as === undefined ? await token() : as;
  const authorization: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  const url = path.startsWith("http") ? path : `${origin}${path}`;
  return worker.fetch(url, {
    redirect: "manual",
    ...init,
    headers: { ...authorization, ...headers },
  });
}

export function post(path: string, body: unknown, init: CallInit = {}): Promise<Response> {
  return call(path, {
    method: "POST",
    body: JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}

/** Appends plain lines. */
export async function appendLines(channel: string, lines: readonly string[], query = ""): Promise<Response> {
  return call(`/v1/channels/${channel}/entries${query}`, {
    method: "POST",
    body: lines.map((line) => `${line}\n`).join(""),
    headers: { "content-type": "text/plain" },
  });
}

/** What a refusal says. */
export async function problemIn(
  response: Response,
): Promise<{ status: number; code: string; detail: string }> {
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  return { status: response.status, code, detail };
}

let count = 0;
/** A channel that no other test has. */
export function freshChannel(kind = "build"): string {
  count += 1;
  return `${kind}/t${count}-${crypto.randomUUID().slice(0, 8)}`;
}

export type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client's socket whose frames are awaited one by one. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly protocol: string | null;
  readonly #frames: Frame[] = [];
  readonly #waiting: ((frame: Frame | null) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #isClosed = false;

  constructor(response: Response) {
    const { webSocket } = response;
    if (webSocket === null) throw new Error(`No socket but status ${response.status}`);
    this.socket = webSocket;
    this.protocol = response.headers.get("sec-websocket-protocol");
    webSocket.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data)) as Frame));
    this.closed = new Promise((resolve) => {
      webSocket.addEventListener("close", ({ code, reason }) => {
        this.#isClosed = true;
        for (const wait of this.#waiting.splice(0)) wait(null);
        resolve({ code, reason });
      });
    });
    webSocket.accept();
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame; null when the socket has closed. */
  next(): Promise<Frame | null> {
    const ready = this.#frames.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#isClosed) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next frame of a type; others before it are passed over. */
  async until(type: string): Promise<Frame> {
    for (let frame = await this.next(); frame !== null; frame = await this.next()) {
      if (frame.type === type) return frame;
    }
    throw new Error(`The socket closed before a ${type} frame came`);
  }

  close(): void {
    this.socket.close(1000);
  }

  #take(frame: Frame): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(frame);
    else this.#frames.push(frame);
  }
}

/** A handshake's answer. */
export function handshake(
  path: string,
  init: CallInit & { readonly protocols?: string } = {},
): Promise<Response> {
  const { protocols, ...rest } = init;
  return call(path, {
    ...rest,
    headers: {
      upgrade: "websocket",
      ...(protocols !== undefined && { "sec-websocket-protocol": protocols }),
      ...rest.headers,
    },
  });
}

export async function openSocket(
  path: string,
  init: CallInit & { readonly protocols?: string } = {},
): Promise<TestSocket> {
  return new TestSocket(await handshake(path, { protocols: "tailrace.v1", ...init }));
}

/** The next `count` lines of entries frames; a page may begin before the cursor that was asked for. */
export async function readLines(socket: TestSocket, count: number, after = 0): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const { first, entries } = await socket.until("entries");
    const skip = Math.max(0, after + 1 - Number(first));
    for (const entry of (entries as { line: string }[]).slice(skip)) lines.push(entry.line);
  }
  return lines;
}
