/** The audit log: what is recorded of who came, read and was refused. */

/** What is recorded, and when; the one table of actions. */
export const auditActions = {
  connect: "a socket was opened",
  connect_refused: "a socket was refused at its handshake",
  subscribe: "a socket began to read a channel",
  subscribe_refused: "a socket asked for a channel and was refused",
  unsubscribe: "the reading of a channel ended by its client's will",
  abnormal_close: "a reading, or a socket that read nothing, ended in any other way",
  sign_in_refused: "a token was not exchanged for a session",
  command_refused: "a command was refused",
  content_refused: "what a client sent upwards was refused as hostile",
} as const satisfies Record<string, string>;

export type AuditAction = keyof typeof auditActions;

export const auditActionNames = Object.keys(auditActions) as readonly AuditAction[];

/** One thing that happened. It never holds a token or a ticket. */
export interface AuditEvent {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly action: AuditAction;
  /** Whose token it was; null where none was valid. */
  readonly subject: string | null;
  readonly channel?: string;
  /** The client's address, where Cloudflare tells it. */
  readonly address?: string;
  /** The Origin that the client sent, cut. */
  readonly origin?: string;
  /** A refusal's problem code, or the close code of an abnormal close. */
  readonly code?: string | number;
  /** The User-Agent that the client sent, cut. */
  readonly userAgent?: string;
}

/** The answer of `GET /v1/audit`. */
export interface AuditPage {
  /** Newest first. */
  readonly events: readonly AuditEvent[];
  /** The `before` of the next page; null on the last. */
  readonly next: string | null;
}

/** Close codes of a client that leaves as it meant to: 1001 is a page that is left, 1005 a close without a code. */
const leaving: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export function isNormalClose(code: number): boolean {
  return leaving.has(code);
}
