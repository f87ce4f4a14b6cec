import type { DMessage } from "../../protocol/dialects/d_message.ts";
import type { InstallReceipt, TaskHistory, TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { isObject } from "../../protocol/fields.ts";

/** What comes from a gateway, read openly: fields that are not known pass. Null for what is not what it should be. */

const isNumberOrNull = (value: unknown): boolean => typeof value === "number" || value === null;
const isTextOrNull = (value: unknown): boolean => typeof value === "string" || value === null;

function hasProgress(value: Readonly<Record<string, unknown>>): boolean {
  return (
    isNumberOrNull(value["progress"]) &&
    isTextOrNull(value["step"]) &&
    isNumberOrNull(value["current_step"]) &&
    isNumberOrNull(value["total_steps"])
  );
}

function isMessage(value: unknown): value is DMessage {
  return (
    isObject(value) &&
    typeof value["timestamp"] === "string" &&
    typeof value["level"] === "string" &&
    typeof value["message"] === "string" &&
    typeof value["offset"] === "number" &&
    hasProgress(value)
  );
}

export function readMessage(value: unknown): DMessage | null {
  return isMessage(value) ? value : null;
}

export function readHistory(value: unknown): Pick<TaskHistory, "messages" | "next"> | null {
  if (!isObject(value)) return null;
  const { messages, next } = value;
  if (!Array.isArray(messages) || !messages.every(isMessage)) return null;
  return next === null || typeof next === "number" ? { messages, next } : null;
}

export function readStatus(value: unknown): TaskStatus | null {
  const isStatus = (found: unknown): found is TaskStatus =>
    isObject(found) &&
    typeof found["status"] === "string" &&
    typeof found["is_completed"] === "boolean" &&
    typeof found["success"] === "boolean" &&
    isNumberOrNull(found["exit_code"]) &&
    hasProgress(found);
  return isStatus(value) ? value : null;
}

export function readReceipt(value: unknown): InstallReceipt | null {
  if (!isObject(value)) return null;
  const { task_id, fn } = value;
  return typeof task_id === "string" && typeof fn === "string" ? { task_id, fn } : null;
}
