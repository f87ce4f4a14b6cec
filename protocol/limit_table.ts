import { type LimitName, limits } from "./limits.ts";

/** The limits with what they count and why they are what they are: for documents, never for a browser. */

/** One limit: its value, the unit it counts in and why it is what it is. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly reason: string;
}

const explanations: Readonly<Record<LimitName, Omit<Limit, "value">>> = {
  kindChars: { unit: "characters", reason: "a kind is a short word in paths and grants" },
  idChars: { unit: "characters", reason: "an id fits a path segment and a log line" },
  batchEntries: { unit: "entries", reason: "bounds the work of one append in a Worker" },
  batchBytes: { unit: "bytes", reason: "one call to the object stays a few milliseconds" },
  entryBytes: { unit: "bytes of JSON", reason: "one entry fits one frame and one row" },
  lineBytes: { unit: "bytes of UTF-8", reason: "a longer line is split, never cut" },
  dataDepth: { unit: "levels", reason: "nested data is walked by recursion" },
  stageChars: { unit: "characters", reason: "a stage is a heading" },
  nameChars: { unit: "characters", reason: "names and ids of events, nodes and senders" },
  stepChars: { unit: "characters", reason: "a step is a caption" },
  stages: { unit: "stages", reason: "a summary stays small; later ones count in one named …" },
  stageNamesBytes: { unit: "bytes of JSON", reason: "a summary is one frame; stages past it count in …" },
  chunkBytes: { unit: "bytes", reason: "pages and frames are cut at chunk borders" },
  frameBytes: { unit: "bytes", reason: "a frame is sent while half a window is in flight" },
  rowBytes: { unit: "bytes", reason: "a row is read whole, and may hold 2 MB at most" },
  upFrameBytes: { unit: "bytes", reason: "what a client may send in one frame" },
  unackedBytes: { unit: "bytes", reason: "a producer's batches on their way are held in a Worker's memory" },
  windowMinBytes: { unit: "bytes", reason: "a smaller window sends a frame a line" },
  windowMaxBytes: { unit: "bytes", reason: "a larger window only fills memory" },
  windowTotalBytes: { unit: "bytes", reason: "an object has 128 MB with its neighbours" },
  legWindowBytes: { unit: "bytes", reason: "a Worker's socket shares this by its legs" },
  strandedBytes: { unit: "bytes", reason: "a closed socket's bytes stay until its peer reads" },
  waitingBytes: { unit: "bytes", reason: "batches that wait for a flush are held in memory" },
  directViewers: { unit: "subscribers", reason: "one object serves thousands, not millions" },
  channelsPerSocket: { unit: "channels", reason: "each is a socket of its own to an object" },
  producers: { unit: "producers", reason: "a snapshot row names each of them" },
  producerIdChars: { unit: "characters", reason: "a producer's id is stored with its rows" },
  commandBytes: { unit: "bytes of JSON", reason: "a command's data, and an answer's: a message and no file" },
  commandDepth: { unit: "levels", reason: "checked content of commands nests no deeper than people write" },
  commandRows: { unit: "commands", reason: "what a channel keeps; the oldest that somebody took go first" },
  openCommands: { unit: "commands", reason: "those that nobody took yet wait, and are counted at a wake" },
  openCommandsBytes: { unit: "bytes of JSON", reason: "the same in bytes of their data" },
  groupCommands: { unit: "commands", reason: "sent to a group's agent and not acknowledged" },
  groupCommandsBytes: { unit: "bytes of JSON", reason: "the same in bytes; one alone may be larger" },
  toldCommands: { unit: "commands", reason: "the newest of its subject that a new subscriber is told of" },
  toldCommandsBytes: { unit: "bytes of JSON", reason: "the same in bytes of their answers" },
  toldCommandsMs: { unit: "ms", reason: "who comes back within it is told what became final meanwhile" },
  unheardReplyBytes: {
    unit: "bytes",
    reason: "a socket that sends nothing may read nothing: replies would pile up",
  },
  channelAgents: { unit: "agents", reason: "one works for each group, the others stand by" },
  channelGroups: { unit: "groups", reason: "the cursor of each is kept, also while it is away" },
  agentChannels: { unit: "channels", reason: "an agent's socket has a socket of its own to each" },
  agentPatterns: { unit: "patterns", reason: "each is a socket of its own to the directory" },
  directoryWatches: { unit: "patterns", reason: "each new channel is compared with all of a tenant" },
  dialectIdChars: { unit: "characters", reason: "the id that a dialect's client may give a frame, opaque" },
  initialBytes: {
    unit: "bytes",
    reason: "what dialect C sends in its first frame is held until it is all there",
  },
  tokenChars: { unit: "characters", reason: "a JWT with hundreds of grants stays below it" },
  searchChars: { unit: "characters", reason: "a search runs on every line" },
  historyEntries: { unit: "entries", reason: "a page of history" },
  historyDefaultEntries: { unit: "entries", reason: "a page of history when none is asked for" },
  historyScanBytes: { unit: "bytes", reason: "what one page of history reads at most" },
  historyWaitSeconds: { unit: "seconds", reason: "a long poll ends before proxies cut it" },
  snapshotRows: { unit: "rows", reason: "a wake reads the snapshot and the rows after it" },
  owedAckMs: { unit: "ms", reason: "who does not acknowledge for so long is closed" },
  flushMaxMs: { unit: "ms", reason: "a line is on screen within a blink" },
  tokenWarnMs: { unit: "ms", reason: "time enough to get a new token" },
  closeReasonBytes: { unit: "bytes", reason: "a close frame's payload is at most 125 (RFC 6455)" },
};

export const limitTable: Readonly<Record<LimitName, Limit>> = Object.fromEntries(
  Object.entries(limits).map(([name, value]) => [name, { value, ...explanations[name as LimitName] }]),
) as Record<LimitName, Limit>;
