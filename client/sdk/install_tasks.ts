import type { InstallReceipt, TaskHistory, TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { callGateway, type GatewayAccess, jsonCall, queryText } from "./gateway_call.ts";
import type { ClientResult } from "./problem.ts";

/** What is installed: a key that a runner knows, and its script's parameters. */
export interface InstallRequest {
  readonly key: string;
  readonly version: string;
  /** The hosts whose runners may take it. */
  readonly group?: string;
  readonly [parameter: string]: string | number | boolean | undefined;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";

/**
 * Install tasks over HTTP. A task's lines are read live like any channel's:
 * `client.subscribe("task/" + receipt.task_id, {}, listener)`.
 */
export class InstallTasks {
  readonly #access: GatewayAccess;

  constructor(access: GatewayAccess) {
    this.#access = access;
  }

  /** Makes a task, which waits for a runner; answers at once. */
  start(request: InstallRequest, signal?: AbortSignal): Promise<ClientResult<InstallReceipt>> {
    const call = { ...jsonCall("POST", request), signal };
    return callGateway(this.#access, "/v1/soft/install", { task_id: isText, fn: isText }, call);
  }

  /** How far a task is, and how it ended. One that nothing was written to is `waiting`. */
  status(taskId: string, signal?: AbortSignal): Promise<ClientResult<TaskStatus>> {
    const path = `/v1/log/status${queryText({ task_id: taskId })}`;
    return callGateway(
      this.#access,
      path,
      { task_id: isText, status: isText, is_completed: isFlag },
      { signal },
    );
  }

  /** A page of messages after an offset; only `next: null` says that everything there is was read. */
  history(
    taskId: string,
    query: { readonly offset?: number; readonly limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<ClientResult<TaskHistory>> {
    const path = `/v1/log/history${queryText({ task_id: taskId, ...query })}`;
    return callGateway(this.#access, path, { task_id: isText, messages: Array.isArray }, { signal });
  }
}
