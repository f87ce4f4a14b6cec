import type { Audited } from "../../core/audit_event.ts";
import { defaultTenant } from "../../core/token_claims.ts";
import { clientAddress } from "../auth/client_address.ts";
import type { RouteContext } from "../context.ts";
import { record } from "./outbox.ts";

/** Records what a caller does; for as long as their request or socket lasts. */
export type Auditor = (what: Audited) => void;

/**
 * An auditor of a request's caller, as far as they are known by now. Whose token was not valid is nobody's: it is
 * recorded for the default tenant.
 */
export function auditorFor(c: RouteContext): Auditor {
  const { env } = c;
  const request = c.req.raw;
  const identity = c.get("identity");
  const source = {
    subject: identity?.claims.subject ?? null,
    address: clientAddress(request),
    origin: request.headers.get("origin"),
    userAgent: request.headers.get("user-agent"),
  };
  const tenant = identity?.tenant ?? defaultTenant;
  const waitUntil = (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise);
  return (what) => record({ env, tenant, waitUntil }, source, what);
}
