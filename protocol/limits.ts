/**
 * Every limit of the wire. Its unit and the reason for it stand in `limit_table.ts`, which no browser bundles.
 *
 * Who meets a limit is told its value: error sentences are made from this table, and so is the table of
 * `docs/PROTOCOL.md`.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

const values = {
  kindChars: 32,
  idChars: 128,
  batchEntries: 5_000,
  batchBytes: 4 * MiB,
  entryBytes: 128 * KiB,
  lineBytes: 64 * KiB,
  dataDepth: 32,
  stageChars: 256,
  nameChars: 128,
  stepChars: 256,
  stages: 1_000,
  stageNamesBytes: 128 * KiB,
  chunkBytes: 4 * KiB,
  frameBytes: 64 * KiB,
  rowBytes: 256 * KiB,
  upFrameBytes: 1 * MiB,
  unackedBytes: 8 * MiB,
  windowMinBytes: 8 * KiB,
  windowMaxBytes: 1 * MiB,
  windowTotalBytes: 48 * MiB,
  legWindowBytes: 256 * KiB,
  strandedBytes: 24 * MiB,
  waitingBytes: 4 * MiB,
  directViewers: 2_000,
  channelsPerSocket: 64,
  producers: 1_000,
  producerIdChars: 128,
  commandBytes: 64 * KiB,
  commandDepth: 16,
  commandRows: 10_000,
  openCommands: 1_000,
  openCommandsBytes: 4 * MiB,
  groupCommands: 32,
  groupCommandsBytes: 256 * KiB,
  toldCommands: 256,
  toldCommandsBytes: 256 * KiB,
  toldCommandsMs: 600_000,
  unheardReplyBytes: 1 * MiB,
  channelAgents: 100,
  channelGroups: 100,
  agentChannels: 1_000,
  agentPatterns: 16,
  directoryWatches: 1_000,
  dialectIdChars: 128,
  initialBytes: 256 * KiB,
  tokenChars: 16_384,
  searchChars: 256,
  historyEntries: 5_000,
  historyDefaultEntries: 1_000,
  historyScanBytes: 4 * MiB,
  historyWaitSeconds: 60,
  snapshotRows: 100,
  owedAckMs: 30_000,
  flushMaxMs: 250,
  tokenWarnMs: 60_000,
  closeReasonBytes: 123,
};

export type LimitName = keyof typeof values;

/** The values: `limits.lineBytes`. */
export const limits: { readonly [Name in LimitName]: number } = values;
