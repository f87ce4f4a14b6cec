import { OpenAPIRoute } from "chanfana";
import { z } from "zod";
import { limits, ok, type Result, refuse } from "../../../protocol/mod.ts";
import {
  appendAnswer,
  appendBody,
  appendQuery,
  producerHeaders,
} from "../../../protocol/schemas/rest/channels.ts";
import { makeBatch } from "../../core/batch.ts";
import type { BatchText, ProducerSeq } from "../../core/contract.ts";
import { type BodyForm, bodyForms, decodeBody, readEntries } from "../../core/entry_body.ts";
import { channelObject } from "../../objects/env.ts";
import { authorizePath } from "../auth/authorize.ts";
import { checkContentType, readBody } from "../body.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** `POST /v1/channels/:kind/:id/entries`: appends a batch, whole or not at all. */
export class AppendEntries extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "Append a batch",
    description:
      "The answer comes when the batch is on disk. With the Producer headers a repeated batch is known and not stored again.",
    security: bearer,
    request: {
      params: channelParams,
      query: appendQuery,
      headers: producerHeaders,
      body: {
        required: true,
        content: {
          "application/json": { schema: appendBody },
          "application/x-ndjson": { schema: z.string().meta({ example: '{"line":"npm ci"}\n' }) },
          "text/plain": { schema: z.string().meta({ example: "npm ci\nadded 93 packages\n" }) },
        },
      },
    },
    responses: {
      200: jsonAnswer("Stored", appendAnswer),
      ...problems(
        "forbidden",
        "origin_forbidden",
        "channel_name_invalid",
        "malformed_json",
        "missing_field",
        "batch_empty",
        "too_many_entries",
        "entry_too_large",
        "body_too_large",
        "unsupported_content_type",
        "sequence_hole",
        "producer_unknown",
        "producer_fenced",
        "channel_ended",
        "storage_failed",
        "channel_overloaded",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const query = parseQuery(c.req.raw, appendQuery);
    // Who may not is told so, whatever else is wrong.
    const access = await authorizePath(c, "write", query.ok ? query.value.project : undefined);
    if (!access.ok) return problemResponse(access.problem);
    if (!query.ok) return problemResponse(query.problem);
    const producer = readProducer(c.req.raw.headers);
    if (!producer.ok) return problemResponse(producer.problem);
    const batch = await readBatch(c.req.raw, query.value);
    if (!batch.ok) return problemResponse(batch.problem);
    const { tenant, channel } = access.value;
    const receipt = await channelObject(c.env, tenant, channel.name).append({
      tenant,
      channel: channel.name,
      batch: batch.value,
      ...(query.value.project !== undefined && { project: query.value.project }),
      ...(access.value.project !== undefined && { grantedProject: access.value.project }),
      ...(producer.value !== null && { producer: producer.value }),
    });
    return receipt.ok ? c.json(receipt.value) : problemResponse(receipt.problem);
  }
}

async function readBatch(
  request: Request,
  { level = "info", stage }: z.output<typeof appendQuery>,
): Promise<Result<BatchText>> {
  const type = checkContentType(request, Object.keys(bodyForms));
  if (!type.ok) return type;
  const bytes = await readBody(request, limits.batchBytes);
  if (!bytes.ok) return bytes;
  const form: BodyForm = bodyForms[type.value] ?? "text";
  const defaults = { ts: Date.now(), level, ...(stage !== undefined && { stage: stage.toWellFormed() }) };
  const entries = readEntries(decodeBody(bytes.value, form), form, defaults);
  return entries.ok ? makeBatch(entries.value) : entries;
}

const producerNames = ["Producer-Id", "Producer-Epoch", "Producer-Seq"] as const;

/** The producer's three headers, or none of them. */
function readProducer(headers: Headers): Result<ProducerSeq | null> {
  const [id, epoch, seq] = producerNames.map((name) => headers.get(name));
  if (id === null && epoch === null && seq === null) return ok(null);
  const missing = producerNames.find((name) => headers.get(name) === null);
  if (missing !== undefined || id == null || epoch == null || seq == null) {
    return refuse(
      "missing_field",
      `The request has no ${missing}. Needed: all of ${producerNames.join(", ")}, or none.`,
    );
  }
  if (id === "" || id.length > limits.producerIdChars) {
    return invalidHeader("Producer-Id", id, `1 to ${limits.producerIdChars} characters`);
  }
  if (!isCount(epoch)) return invalidHeader("Producer-Epoch", epoch, "an integer from 0");
  if (!isCount(seq)) return invalidHeader("Producer-Seq", seq, "an integer from 0");
  return ok({ id, epoch: Number(epoch), seq: Number(seq) });
}

function isCount(text: string): boolean {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}

function invalidHeader(name: string, found: string, allowed: string): Result<never> {
  return refuse(
    "invalid_field",
    `The header ${name} is ${JSON.stringify(found.slice(0, 80))}. Allowed: ${allowed}.`,
    {
      expected: allowed,
    },
  );
}
