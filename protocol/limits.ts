/**
 * Every limit of the wire, with its unit and the reason for it.
 *
 * Who meets a limit is told its value: error sentences are made from this table, and so is the table of
 * `docs/PROTOCOL.md`.
 */

/** One limit: its value, the unit it counts in and why it is what it is. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly reason: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const limitTable = {
  kindChars: { value: 32, unit: "characters", reason: "a kind is a short word in paths and grants" },
  idChars: { value: 128, unit: "characters", reason: "an id fits a path segment and a log line" },
  batchEntries: { value: 5_000, unit: "entries", reason: "bounds the work of one append in a Worker" },
  batchBytes: { value: 4 * MiB, unit: "bytes", reason: "one call to the object stays a few milliseconds" },
  entryBytes: { value: 128 * KiB, unit: "bytes of JSON", reason: "one entry fits one frame and one row" },
  lineBytes: { value: 64 * KiB, unit: "bytes of UTF-8", reason: "a longer line is split, never cut" },
  dataDepth: { value: 32, unit: "levels", reason: "nested data is walked by recursion" },
  stageChars: { value: 256, unit: "characters", reason: "a stage is a heading" },
  nameChars: { value: 128, unit: "characters", reason: "names and ids of events, nodes and senders" },
  stepChars: { value: 256, unit: "characters", reason: "a step is a caption" },
  stages: { value: 1_000, unit: "stages", reason: "a summary stays small; later ones count in one named …" },
  chunkBytes: { value: 4 * KiB, unit: "bytes", reason: "pages and frames are cut at chunk borders" },
  frameBytes: { value: 64 * KiB, unit: "bytes", reason: "a frame is sent while half a window is in flight" },
  rowBytes: { value: 256 * KiB, unit: "bytes", reason: "a row is read whole, and may hold 2 MB at most" },
  upFrameBytes: { value: 1 * MiB, unit: "bytes", reason: "what a client may send in one frame" },
  windowMinBytes: { value: 8 * KiB, unit: "bytes", reason: "a smaller window sends a frame a line" },
  windowMaxBytes: { value: 1 * MiB, unit: "bytes", reason: "a larger window only fills memory" },
  windowTotalBytes: { value: 48 * MiB, unit: "bytes", reason: "an object has 128 MB with its neighbours" },
  legWindowBytes: { value: 256 * KiB, unit: "bytes", reason: "a Worker's socket shares this by its legs" },
  strandedBytes: {
    value: 24 * MiB,
    unit: "bytes",
    reason: "a closed socket's bytes stay until its peer reads",
  },
  waitingBytes: { value: 4 * MiB, unit: "bytes", reason: "batches that wait for a flush are held in memory" },
  directViewers: { value: 2_000, unit: "subscribers", reason: "one object serves thousands, not millions" },
  channelsPerSocket: { value: 64, unit: "channels", reason: "each is a socket of its own to an object" },
  producers: { value: 1_000, unit: "producers", reason: "a snapshot row names each of them" },
  producerIdChars: { value: 128, unit: "characters", reason: "a producer's id is stored with its rows" },
  tokenChars: { value: 16_384, unit: "characters", reason: "a JWT with hundreds of grants stays below it" },
  searchChars: { value: 256, unit: "characters", reason: "a search runs on every line" },
  historyEntries: { value: 5_000, unit: "entries", reason: "a page of history" },
  historyDefaultEntries: {
    value: 1_000,
    unit: "entries",
    reason: "a page of history when none is asked for",
  },
  historyScanBytes: { value: 4 * MiB, unit: "bytes", reason: "what one page of history reads at most" },
  historyWaitSeconds: { value: 60, unit: "seconds", reason: "a long poll ends before proxies cut it" },
  snapshotRows: { value: 100, unit: "rows", reason: "a wake reads the snapshot and the rows after it" },
  owedAckMs: { value: 30_000, unit: "ms", reason: "who does not acknowledge for so long is closed" },
  flushMaxMs: { value: 250, unit: "ms", reason: "a line is on screen within a blink" },
  tokenWarnMs: { value: 60_000, unit: "ms", reason: "time enough to get a new token" },
  closeReasonBytes: {
    value: 123,
    unit: "bytes",
    reason: "a close frame's payload is at most 125 (RFC 6455)",
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limitTable;

/** The values alone: `limits.lineBytes`. */
export const limits: { readonly [Name in LimitName]: number } = Object.fromEntries(
  Object.entries(limitTable).map(([name, limit]) => [name, limit.value]),
) as { [Name in LimitName]: number };
