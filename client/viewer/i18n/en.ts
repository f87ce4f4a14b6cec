import type { GapReason, Level, Status } from "../../../protocol/mod.ts";
import type { LackCode } from "../../sdk/mod.ts";

const statusNames: Record<Status, string> = {
  waiting: "Waiting",
  running: "Running",
  success: "Success",
  failure: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
};

const levelTags: Record<Level, string> = {
  trace: "TRC",
  debug: "DBG",
  info: "",
  success: "OK",
  warn: "WRN",
  error: "ERR",
  fatal: "FTL",
};

const gapReasons: Record<GapReason, string> = {
  slow: "this page read too slowly",
  rate: "the rate limit for this reader was reached",
  retention: "they were older than the retention allows",
  epoch: "the channel was deleted",
};

/** The gateway's own sentences are English, and say more. */
const problems: ReadonlyMap<string, string> = new Map();

/** Everything the pages say, in English. The other languages have this shape. */
export const en = {
  locale: "en-GB",
  switchTo: "中文",
  switchLabel: "Show this page in Chinese",

  channels: "Channels",
  apiDocs: "API",
  signOut: "Sign out",
  signedInAs: (subject: string) => `Signed in as ${subject}`,

  statusNames,
  levelTags,
  stages: "Stages",

  searchChannels: "Find by name",
  anyStatus: "Any status",
  anyKind: "Any kind",
  statusLabel: "Status",
  kindLabel: "Kind",
  loading: "Loading …",
  showMore: "Show more",
  nothingYet: "Nothing has been streamed yet",
  streamFirst: "Stream the output of any command from a terminal:",
  nothingFound: "No channel matches.",
  lines: (count: string, isOne: boolean) => (isOne ? "1 line" : `${count} lines`),
  errors: (count: string, isOne: boolean) => (isOne ? "1 error" : `${count} errors`),
  warnings: (count: string, isOne: boolean) => (isOne ? "1 warning" : `${count} warnings`),
  viewers: (count: string, isOne: boolean) => (isOne ? "1 viewer" : `${count} viewers`),
  took: (duration: string) => `Took ${duration}`,
  runningFor: (duration: string) => `Running for ${duration}`,
  listFailed: "The list could not be loaded.",
  noAnswer: "The gateway does not answer.",

  signIn: "Sign in",
  signInIntro: "Paste a token that grants reading. The page keeps a session cookie, not the token.",
  token: "Token",
  tokenHint: "Make one with",
  tokenRefused: "The token was not accepted.",
  sessionOver: "Your session is over. The channel has ended, so this page stays as it is.",
  stillSignedIn: (subject: string) => `You are still signed in as ${subject}.`,
  dismiss: "Dismiss",
  signingIn: "Signing in …",
  unreachable: "The gateway could not be reached",
  tryAgain: "Try again",

  notFound: "There is no such page",
  notFoundHint: "The address names neither a page nor a channel.",
  toChannels: "All channels",

  channelForbidden: (channel: string) => `You may not read ${channel}`,
  channelRefused: (channel: string) => `${channel} cannot be shown`,

  connection: {
    idle: "Not connected",
    connecting: "Connecting",
    open: "Connecting",
    ready: "Live",
    waiting: "Reconnecting",
    stopped: "Disconnected",
    complete: "Complete",
    ended: "Ended",
    mismatch: "Mismatch",
  },
  reconnectNow: "Reconnect now",

  filter: "Filter lines",
  matched: (matched: string, all: string) => `${matched} of ${all} lines`,
  searching: "searching …",
  noMatch: "No line holds this text.",
  foldAll: "Fold all",
  unfoldAll: "Unfold all",
  download: "Download",
  downloadText: "Text, with colours",
  downloadPlain: "Plain text",
  downloadJson: "NDJSON",
  log: "Log",
  line: (cursor: number) => `Line ${cursor}`,
  fold: (stage: string) => `Fold ${stage}`,
  unfold: (stage: string) => `Unfold ${stage}`,
  waitingForLines: "Waiting for the first line …",
  noLines: "The log is empty.",
  following: "Following",
  follow: "Follow",
  followHint: "Keep the newest line in view",
  newLines: (count: string, isOne: boolean) => (isOne ? "1 new line" : `${count} new lines`),
  withErrors: (count: string, isOne: boolean) => (isOne ? "with 1 error" : `with ${count} errors`),
  toNewest: "Go to the newest line",
  showAll: (count: string) => `show ${count} more characters`,
  continues: "continues in the next row",
  event: "event",
  redacted: "The text of this line was taken out.",
  gap: (from: string, to: string, count: string, reason: string) =>
    `Lines ${from} to ${to} (${count}) are missing: ${reason}.`,
  gapOpen: (reason: string) => `Earlier lines are gone: ${reason}.`,
  gapReasons,
  problems,
  dropped: (count: string) =>
    `The oldest ${count} rows were let go, to bound this page's memory. The download has them.`,

  progress: "Progress",
  step: (current: number, total: number) => `Step ${current} of ${total}`,
  exitCode: (code: number) => `exit code ${code}`,
  signal: (name: string) => `signal ${name}`,
  verified: "Complete, verified",
  redactedEnd: "Complete, redacted",
  unverified: "Not verified",
  lack: (_code: LackCode, reason: string) => reason,
  mismatch: "Does not match what was sent",
  proofOf: (lines: string, bytes: string, crc: string) => `${lines} lines, ${bytes} bytes, CRC-32 ${crc}`,
  mismatchOf: (lines: string, bytes: string, crc: string) =>
    `this page read ${lines} lines, ${bytes} bytes, CRC-32 ${crc}`,
};

export type Dictionary = typeof en;
