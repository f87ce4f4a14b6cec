import { expect, test } from "vitest";
import { call, problemIn } from "./gateway.ts";

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { securitySchemes: unknown; schemas: Record<string, unknown> };
}

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: unknown; example?: unknown }> }>;
  readonly security?: unknown;
}

test("health answers", async () => {
  const response = await call("/healthz", { as: null });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});

test("pages come with their policy, and / leads to the builds", async () => {
  const home = await call("/", { as: null });
  expect([home.status, home.headers.get("location")]).toEqual([302, "/builds"]);
  for (const path of ["/builds", "/builds/42", "/channels/task/7", "/login", "/docs"]) {
    const response = await call(path, { as: null });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cache-control")).toBe("no-cache");
  }
});

test("hashed files are kept for ever, a missing one is never a page", async () => {
  const page = await (await call("/builds", { as: null })).text();
  const script = /\/assets\/[\w.-]+\.js/.exec(page)?.[0] ?? "";
  const found = await call(script, { as: null });
  expect(found.status).toBe(200);
  expect(found.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  const missing = await call("/assets/main-CKBS2CG0.js", { as: null });
  expect(missing.headers.get("cache-control")).toBe("no-store");
  expect(await problemIn(missing)).toMatchObject({ status: 404, code: "route_not_found" });
});

test("an unknown route is 404, a wrong method 405 with those allowed", async () => {
  expect(await problemIn(await call("/v2/channels"))).toMatchObject({ status: 404, code: "route_not_found" });
  const wrong = await call("/v1/channels/build/1", { method: "PUT" });
  expect(wrong.headers.get("allow")).toBe("DELETE, GET, HEAD");
  expect(await problemIn(wrong)).toMatchObject({ status: 405, code: "method_not_allowed" });
  const post = await call("/healthz", { method: "POST" });
  expect(await problemIn(post)).toMatchObject({ status: 405 });
});

test("the OpenAPI document names every route, its token and one error structure", async () => {
  const response = await call("/openapi.json", { as: null });
  const document = (await response.json()) as OpenApi;
  expect(document.openapi).toBe("3.1.0");
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.toSorted()).toEqual([
    "DELETE /v1/channels/{kind}/{id}",
    "DELETE /v1/session",
    "GET /healthz",
    "GET /metrics",
    "GET /plugin/{id}/logs",
    "GET /v1/audit",
    "GET /v1/channels",
    "GET /v1/channels/{kind}/{id}",
    "GET /v1/channels/{kind}/{id}/commands/{command}",
    "GET /v1/channels/{kind}/{id}/download",
    "GET /v1/channels/{kind}/{id}/entries",
    "GET /v1/log/history",
    "GET /v1/log/status",
    "GET /v1/session",
    "GET /v1/soft/getlog",
    "POST /v1/channels/{kind}/{id}/commands",
    "POST /v1/channels/{kind}/{id}/end",
    "POST /v1/channels/{kind}/{id}/entries",
    "POST /v1/session",
    "POST /v1/soft/install",
  ]);
  expect(document.components.securitySchemes).toMatchObject({ bearer: { type: "http", scheme: "bearer" } });
  expect(document.components.schemas).toHaveProperty("Problem");
  const problem = { $ref: "#/components/schemas/Problem" };
  const refusals = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ responses }) => Object.entries(responses))
    .filter(([status]) => Number(status) >= 400)
    .map(([, { content }]) => content?.["application/problem+json"]);
  expect(refusals.length).toBeGreaterThan(20);
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ schema: problem, example: { code: expect.any(String) } });
  }
});
