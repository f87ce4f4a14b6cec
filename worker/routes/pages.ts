import type { Hono } from "hono";
import type { GatewayEnv, RouteContext } from "./context.ts";
import { problemResponse } from "./problem.ts";

/** The pages and their files, built into `dist/assets`. */

/** Page files by the path under which the assets binding serves them. */
const viewer = "/";
const docs = "/docs";

const pages: Readonly<Record<string, string>> = {
  "/builds": viewer,
  "/builds/*": viewer,
  "/channels/*": viewer,
  "/login": viewer,
  "/docs": docs,
};

const policy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];

/** Swagger UI sets styles in its markup. */
const policies: Readonly<Record<string, readonly string[]>> = {
  [viewer]: policy,
  [docs]: [...policy, "style-src 'self' 'unsafe-inline'"],
};

/** A file whose name changes with its content, as the viewer's build makes it: `main-CKBS2CGS.js`. */
const hashedName = /-(?:[0-9a-f]{10}|[0-9A-Z]{8})\.\w+$/;

export function addPages(app: Hono<GatewayEnv>): void {
  app.get("/", (c) => c.redirect("/builds", 302));
  for (const [path, file] of Object.entries(pages)) app.get(path, (c) => servePage(c, file));
  app.get("/frontend_realtime_log.js", (c) => serveFile(c, "no-cache"));
  app.get("/favicon.svg", (c) => serveFile(c, "public, max-age=86400"));
  app.get("/assets/*", (c) =>
    serveFile(c, hashedName.test(c.req.path) ? "public, max-age=31536000, immutable" : "no-cache"),
  );
}

async function servePage(c: RouteContext, file: string): Promise<Response> {
  const found = await c.env.ASSETS.fetch(new URL(file, c.req.url));
  if (!found.ok) return missing(`The page ${file} is not built. Run "npm run build".`);
  return withHeaders(found, {
    "content-security-policy": policies[file]?.join("; ") ?? "default-src 'none'",
    "cache-control": "no-cache",
  });
}

async function serveFile(c: RouteContext, cacheControl: string): Promise<Response> {
  const found = await c.env.ASSETS.fetch(c.req.raw);
  if (found.status === 304) return withHeaders(found, { "cache-control": cacheControl });
  // A missing file must never be answered by a page: it would be cached as the file for ever.
  if (!found.ok) return missing(`There is no file ${c.req.path.slice(0, 200)}.`);
  return withHeaders(found, { "cache-control": cacheControl });
}

function missing(message: string): Response {
  return problemResponse({ code: "route_not_found", message });
}

function withHeaders(found: Response, headers: Readonly<Record<string, string>>): Response {
  const response = new Response(found.body, found);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("referrer-policy", "no-referrer");
  return response;
}
