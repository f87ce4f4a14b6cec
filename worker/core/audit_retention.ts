import type { Settings } from "./settings.ts";

/** How long and how many audit events a tenant keeps; the oldest go first. */
export interface AuditRetention {
  readonly ageMs: number;
  readonly events: number;
}

const dayMs = 24 * 60 * 60 * 1000;

export function auditRetention(settings: Settings): AuditRetention {
  return { ageMs: settings.AUDIT_RETENTION_DAYS * dayMs, events: settings.AUDIT_RETENTION_EVENTS };
}
