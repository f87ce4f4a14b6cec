import { OpenAPIRoute } from "chanfana";
import type { z } from "zod";
import type { InstallReceipt } from "../../../protocol/dialects/d_rest.ts";
import { type CheckedCommand, checkCommand, ok, type Result } from "../../../protocol/mod.ts";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { installAnswer, installBody } from "../../../protocol/schemas/rest/tasks.ts";
import { type Grant, isGranted, refuseUngranted } from "../../core/grants.ts";
import { commandObject } from "../../objects/env.ts";
import { refuseCommand } from "../audit/refuse_command.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseJsonBody, parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** `POST /v1/soft/install`: makes a task, whose `install` waits for a runner. */
export class StartInstall extends OpenAPIRoute {
  override schema = {
    tags: ["Install tasks"],
    summary: "Start an install",
    description:
      "Answers at once. A runner of the group takes the task and runs the script that it allows for the key; what else the body has are the script's parameters: texts, numbers, true or false. A text that a shell would read as more than text is refused, and nothing is stored.",
    security: bearer,
    request: { body: { required: true, content: { "application/json": { schema: installBody } } } },
    responses: {
      200: jsonAnswer("The new task", installAnswer),
      ...problems(
        "forbidden",
        "origin_forbidden",
        "malformed_json",
        "missing_field",
        "hostile_content",
        "unsupported_content_type",
        "body_too_large",
        "command_too_large",
        "too_fast",
        "storage_failed",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const { claims, tenant } = identity.value;
    const taskId = crypto.randomUUID();
    const granted = checkGrant(claims.grants, taskId);
    if (!granted.ok) return problemResponse(granted.problem);
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    const body = await parseJsonBody(c.req.raw, installBody);
    if (!body.ok) return problemResponse(body.problem);
    const command = commandOf(body.value, c.get("settings").ALLOW_HOSTILE_CONTENT);
    const channel = `task/${taskId}`;
    if (!command.ok) return refuseCommand(c, channel, command.problem);
    const request = { tenant, channel, subject: claims.subject, ...command.value };
    const stored = await commandObject(c.env, tenant, channel).command(request);
    if (!stored.ok) return refuseCommand(c, channel, stored.problem);
    const receipt: InstallReceipt = { task_id: taskId, fn: `${taskId}.log` };
    return c.json(receipt, 200, { "cache-control": "no-store" });
  }
}

/** A new task is of no project yet: only a grant on tasks helps. */
function checkGrant(grants: readonly Grant[], taskId: string): Result<true> {
  if (isGranted(grants, "command", { kind: "task", id: taskId })) return ok(true);
  return refuseUngranted(grants, "command", "task/*");
}

/** The install's id is its key: by it `GET /v1/soft/getlog` knows whether a task is of a name. */
function commandOf(body: z.output<typeof installBody>, allowsHostile: boolean): Result<CheckedCommand> {
  const { group, ...given } = body;
  const data = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const sent = { id: body.key, name: "install", data, ...(typeof group === "string" && { group }) };
  return checkCommand("task", sent, { allowsHostile });
}
