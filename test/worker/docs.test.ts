import { describe, expect, test } from "vitest";
import document from "../../docs/PROTOCOL.md?raw";
import app from "../../worker/routes/mod.ts";
import { call } from "./gateway.ts";

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Pages and their files are no part of the protocol. */
const isPage = (path: string): boolean =>
  [
    "/",
    "/builds",
    "/channels/*",
    "/login",
    "/docs",
    "/favicon.svg",
    "/frontend_realtime_log.js",
    "/assets/*",
  ].some((page) => (page === "/builds" ? path.startsWith(page) : path === page));

function section(heading: string): string {
  const start = document.indexOf(`\n## ${heading}\n`);
  return document.slice(start, document.indexOf("\n## ", start + 1));
}

/** The rows of the endpoints' table: route, what it takes (with the text it refers to), query keys. */
function documentedRoutes(): { route: string; takes: string; query: string[] }[] {
  const rows = section("Endpoints")
    .split("\n")
    .filter((line) => /^\| `[A-Z]+ \//.test(line));
  return rows.map((row) => {
    const [route = "", takes = "", query = ""] = row.slice(1).split("|");
    const bare = (cell: string): string => cell.trim().replaceAll("`", "");
    return {
      route: bare(route),
      takes: takes.includes("#appending") ? section("Appending") : bare(takes),
      query: bare(query).split(", ").filter(Boolean),
    };
  });
}

async function operations(): Promise<Map<string, Operation>> {
  const { paths } = (await (await call("/openapi.json")).json()) as OpenApi;
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
        operation,
      ]),
    ),
  );
}

describe("the endpoints of docs/PROTOCOL.md", () => {
  test("[DOC10] are exactly the routes of the gateway", () => {
    const routes = app.routes.filter(({ method, path }) => method !== "ALL" && !isPage(path));
    const expected = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    expect(expected.size).toBeGreaterThan(10);
    expect(
      documentedRoutes()
        .map(({ route }) => route)
        .toSorted(),
    ).toEqual([...expected].toSorted());
  });

  test("[DOC11] take exactly the query keys and bodies of the OpenAPI document", async () => {
    const documented = new Map(documentedRoutes().map((row) => [row.route, row]));
    for (const [route, { parameters = [], requestBody }] of await operations()) {
      const keys = parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
      expect(documented.get(route)?.query, route).toEqual(keys);
      const takes = documented.get(route)?.takes ?? "";
      const types = Object.keys(requestBody?.content ?? {});
      expect(types.length > 0, route).toBe(takes !== "");
      for (const type of types) expect(takes, route).toContain(type);
    }
  });
});
