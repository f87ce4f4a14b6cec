import type { InstallReceipt, TaskHistory, TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { isObject } from "../../protocol/fields.ts";
import { readHistory, readReceipt, readStatus } from "./answers.ts";
import type { Failure } from "./feed_machine.ts";

/** Where the gateway is, and as whom it is asked. */
export interface GatewayOptions {
  /** The gateway's address; that which this script came from when left out. */
  readonly url?: string;
  /** A token, or what gives one for each request and socket; the session's cookie when left out. */
  readonly token?: string | (() => string | Promise<string>);
  /** How a socket carries the token: a subprotocol (the default) stays out of logs, which addresses reach. */
  readonly tokenIn?: "subprotocol" | "query";
}

/** What is installed: a key that the runner knows, and its script's parameters. */
export interface InstallRequest {
  readonly key: string;
  readonly version: string;
  /** The hosts whose runners may take it. */
  readonly group?: string;
  readonly [parameter: string]: string | number | boolean | undefined;
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

type Page = Pick<TaskHistory, "messages" | "next">;

/** Asks the gateway; what goes wrong is a value. */
export class Gateway {
  readonly #url: URL;
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions, scriptUrl: string) {
    this.#url = new URL(options.url ?? scriptUrl, scriptUrl);
    this.#options = options;
  }

  history(taskId: string, offset: number, signal: AbortSignal): Promise<Answer<Page>> {
    return this.#ask(this.#at("/v1/log/history", { task_id: taskId, offset: String(offset) }), readHistory, {
      signal,
    });
  }

  status(taskId: string, signal: AbortSignal): Promise<Answer<TaskStatus>> {
    return this.#ask(this.#at("/v1/log/status", { task_id: taskId }), readStatus, { signal });
  }

  install(request: InstallRequest): Promise<Answer<InstallReceipt>> {
    return this.#ask(this.#at("/v1/soft/install", {}), readReceipt, {
      method: "POST",
      body: JSON.stringify(request),
      headers: { "content-type": "application/json" },
    });
  }

  /** A socket that brings what follows an offset. Throws where no token can be had. */
  async socket(taskId: string, offset: number): Promise<WebSocket> {
    const token = await this.#token();
    const url = this.#at("/v1/log/ws", { task_id: taskId, offset: String(offset) });
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (token !== null && this.#options.tokenIn === "query") {
      url.searchParams.set("token", token);
      return new WebSocket(url, ["tailrace.v1"]);
    }
    return new WebSocket(url, token === null ? ["tailrace.v1"] : ["tailrace.v1", `bearer.${token}`]);
  }

  #at(path: string, query: Readonly<Record<string, string>>): URL {
    const url = new URL(path, this.#url);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    return url;
  }

  async #token(): Promise<string | null> {
    const { token } = this.#options;
    return typeof token === "function" ? await token() : (token ?? null);
  }

  async #ask<T>(url: URL, read: (body: unknown) => T | null, init: RequestInit): Promise<Answer<T>> {
    try {
      const token = await this.#token();
      const headers = new Headers(init.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      const response = await fetch(url, { ...init, headers, cache: "no-store" });
      const body: unknown = await response.json().catch(() => null);
      if (!response.ok) return { ok: false, failure: failureOf(response.status, body) };
      const value = read(body);
      if (value !== null) return { ok: true, value };
      return {
        ok: false,
        failure: { code: "answer_invalid", detail: `What came from ${url.pathname} is not the gateway's.` },
      };
    } catch (error) {
      return { ok: false, failure: { code: null, detail: String(error) } };
    }
  }
}

/** What a problem (RFC 9457) says, or the bare status of another body. */
function failureOf(status: number, body: unknown): Failure {
  const { code, detail, oldest } = isObject(body) ? body : {};
  return {
    status,
    code: typeof code === "string" ? code : String(status),
    detail: typeof detail === "string" ? detail : `HTTP ${status}`,
    ...(status === 410 && typeof oldest === "number" && { oldest }),
  };
}
