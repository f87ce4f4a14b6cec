import type { Status } from "../summary.ts";
import type { DMessage, DProgress } from "./d_message.ts";

/** What dialect D's endpoints answer, as plain types: the Worker makes it and pages read it. */

/** `GET /v1/log/history`. */
export interface TaskHistory {
  /** As the client called it. */
  readonly task_id: string;
  readonly messages: readonly DMessage[];
  /** The offset that was asked for: the messages come after it. */
  readonly offset: number;
  /** The offset of the next page; null when everything that is there was read. */
  readonly next: number | null;
  /** The newest offset: how many messages the task has had. */
  readonly total: number;
}

/** `GET /v1/log/status`. */
export interface TaskStatus extends DProgress {
  readonly task_id: string;
  readonly status: Status;
  readonly is_completed: boolean;
  /** Completed as success: false until it is. */
  readonly success: boolean;
  /** Null until it is known. */
  readonly exit_code: number | null;
}

/** `POST /v1/soft/install`. */
export interface InstallReceipt {
  readonly task_id: string;
  /** The task's name for `GET /v1/soft/getlog`: `<task_id>.log`. */
  readonly fn: string;
}
