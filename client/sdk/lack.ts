/** Why a reader cannot say at the end that it has the whole text; the codes are stable. */
export type LackCode =
  | "nothing_read"
  /** Reading began after the first entry. */
  | "began_late"
  /** Reading went on from a place whose sums are not known. */
  | "resumed_bare"
  /** A gap was announced. */
  | "not_delivered"
  | "filtered"
  /** Entries were changed after they were read. */
  | "redacted"
  /** The journal was deleted while it was read. */
  | "journal_deleted";

/** A lack by its code and in one sentence. */
export interface Lack {
  readonly code: LackCode;
  readonly reason: string;
}

const codes: ReadonlySet<unknown> = new Set<LackCode>([
  "nothing_read",
  "began_late",
  "resumed_bare",
  "not_delivered",
  "filtered",
  "redacted",
  "journal_deleted",
]);

export function isLackCode(value: unknown): value is LackCode {
  return codes.has(value);
}
