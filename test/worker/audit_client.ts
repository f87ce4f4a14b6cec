import { expect, vi } from "vitest";
import type { AuditEvent, AuditPage } from "../../protocol/mod.ts";
import { call, token } from "./gateway.ts";

/** Readers of the audit log: events come some moments after what they tell of. */

/** Of a test that waits for events, in milliseconds; the first of a file waits for the Worker's start as well. */
export const auditTestMs = 30_000;

export function freshTenant(): string {
  return `audit-${crypto.randomUUID().slice(0, 8)}`;
}

/** One page of a tenant's log. */
export async function auditPage(tenant: string | undefined, query = ""): Promise<AuditPage> {
  const response = await call(`/v1/audit${query}`, { as: await token({ ...(tenant && { tenant }) }) });
  expect(response.status).toBe(200);
  return (await response.json()) as AuditPage;
}

/** A tenant's log, oldest first, once it holds so many events. */
export async function auditLog(tenant: string | undefined, count: number, query = ""): Promise<AuditEvent[]> {
  return vi.waitFor(
    async () => {
      const { events } = await auditPage(tenant, query);
      expect(events.length).toBeGreaterThanOrEqual(count);
      return events.toReversed();
    },
    { timeout: 10_000, interval: 50 },
  );
}

/** What an event says, without what each has: its id and time. */
export function said({ id: _, at: __, ...event }: AuditEvent): Omit<AuditEvent, "id" | "at"> {
  return event;
}
