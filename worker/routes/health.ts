import { OpenAPIRoute } from "chanfana";
import { healthAnswer } from "../../protocol/schemas/rest/session.ts";
import type { RouteContext } from "./context.ts";
import { jsonAnswer } from "./openapi_parts.ts";

/** `GET /healthz`: the gateway answers, even before it has a secret. */
export class ReadHealth extends OpenAPIRoute {
  override schema = {
    tags: ["Operation"],
    summary: "Health",
    responses: { 200: jsonAnswer("It answers", healthAnswer) },
  };

  override async handle(c: RouteContext): Promise<Response> {
    return c.json({ status: "ok" }, 200, { "cache-control": "no-store" });
  }
}
