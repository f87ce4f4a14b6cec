import {
  type AuditAction,
  type AuditEvent,
  cutToBytes,
  isNormalClose,
  type Problem,
} from "../../protocol/mod.ts";

/** What is to be recorded; who asked, from where and when is known to the recorder. */
export interface Audited {
  readonly action: AuditAction;
  readonly channel?: string;
  /** A refusal's problem code, or the close code of an abnormal close. */
  readonly code?: string | number;
}

/** The end of a reading, or of a socket, by its close code. */
export function endOf(channel: string | undefined, code: number): Audited {
  const where = channel === undefined ? {} : { channel };
  return isNormalClose(code)
    ? { action: "unsubscribe", ...where }
    : { action: "abnormal_close", code, ...where };
}

/** A refused command; null where its sender is only told to wait: that is no verdict, and comes often. */
export function refusedCommand(channel: string, { code, retryAfterMs }: Problem): Audited | null {
  if (retryAfterMs !== undefined) return null;
  return { action: code === "hostile_content" ? "content_refused" : "command_refused", channel, code };
}

/** What is known of a caller, as their request brought it. */
export interface AuditSource {
  readonly subject: string | null;
  readonly address?: string | null;
  readonly origin?: string | null;
  readonly userAgent?: string | null;
}

/** Headers that clients send are kept up to here, in bytes of UTF-8. */
const maxHeaderBytes = 256;

/**
 * Makes events. An id is a count and its recorder's own name, so that events of one recorder within one
 * millisecond keep their order, and one that is sent twice is known.
 */
export class AuditRecorder {
  readonly #name: string;
  #count = 0;

  /** `name`: by chance, 8 characters or more, of no other recorder. */
  constructor(name: string) {
    this.#name = name;
  }

  event(source: AuditSource, { action, channel, code }: Audited, at: number): AuditEvent {
    this.#count += 1;
    const { subject, address, origin, userAgent } = source;
    return {
      id: `${this.#count.toString(36).padStart(7, "0")}-${this.#name}`,
      at,
      action,
      subject,
      ...(channel !== undefined && { channel }),
      ...(address != null && { address: cut(address) }),
      ...(origin != null && { origin: cut(origin) }),
      ...(code !== undefined && { code }),
      ...(userAgent != null && { userAgent: cut(userAgent) }),
    };
  }
}

function cut(text: string): string {
  return cutToBytes(text.toWellFormed(), maxHeaderBytes);
}
