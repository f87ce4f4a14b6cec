import type { Problem } from "../../../protocol/mod.ts";
import { refusedCommand } from "../../core/audit_event.ts";
import type { RouteContext } from "../context.ts";
import { problemResponse } from "../problem.ts";
import { auditorFor } from "./auditor.ts";

/** Refuses a command of a caller who may send it, and records that. */
export function refuseCommand(c: RouteContext, channel: string, problem: Problem): Response {
  const refused = refusedCommand(channel, problem);
  if (refused !== null) auditorFor(c)(refused);
  return problemResponse(problem);
}
