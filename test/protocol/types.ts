import type { z } from "zod";
import type * as plain from "../../protocol/mod.ts";
import type * as schemas from "../../protocol/schemas/mod.ts";

/**
 * The schemas' types and the plain ones are the same, both ways; `tsc -p test` checks it. What differs only in
 * writing is evened out: arrays are read-only, and an absent field is never `undefined`, as in JSON.
 */
type Even<T> = T extends string
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Even<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Even<Exclude<T[Key], undefined>> }
      : T;

type IsWithin<A, B> = [A] extends [B] ? true : false;

/** `true`, or which way it fails. */
type Same<Schema extends z.ZodType, Plain> =
  IsWithin<Even<z.input<Schema>>, Even<Plain>> extends true
    ? IsWithin<Even<Plain>, Even<z.input<Schema>>> extends true
      ? true
      : "the plain type allows more"
    : "the schema allows more";

/** An agent's frame whose entries are checked. */
type CheckedAgentFrame = Exclude<plain.AgentFrame, plain.UncheckedAppend> | plain.AppendFrame;

type Check<T extends Record<string, true>> = T;

/** A type is its own check: it does not compile where one of these is not `true`. */
export type SchemasArePlainTypes = Check<{
  logEntry: Same<typeof schemas.logEntry, plain.LogEntry>;
  eventEntry: Same<typeof schemas.eventEntry, plain.EventEntry>;
  entry: Same<typeof schemas.entry, plain.Entry>;
  appendEntry: Same<typeof schemas.appendEntry, plain.AppendEntry>;
  filter: Same<typeof schemas.filter, plain.Filter>;
  level: Same<typeof schemas.level, plain.Level>;
  status: Same<typeof schemas.status, plain.Status>;
  endStatus: Same<typeof schemas.endStatus, plain.EndStatus>;
  stageSummary: Same<typeof schemas.stageSummary, plain.StageSummary>;
  levelCounts: Same<typeof schemas.levelCounts, plain.LevelCounts>;
  summary: Same<typeof schemas.summary, plain.Summary>;
  problemCode: Same<typeof schemas.problemCode, plain.ProblemCode>;

  subscribe: Same<typeof schemas.subscribeFrame, plain.SubscribeFrame>;
  unsubscribe: Same<typeof schemas.unsubscribeFrame, plain.UnsubscribeFrame>;
  ack: Same<typeof schemas.ackFrame, plain.AckFrame>;
  auth: Same<typeof schemas.authFrame, plain.AuthFrame>;
  ping: Same<typeof schemas.pingFrame, plain.PingFrame>;
  command: Same<typeof schemas.commandFrame, plain.CommandFrame>;
  append: Same<typeof schemas.appendFrame, plain.AppendFrame>;
  join: Same<typeof schemas.joinFrame, plain.JoinFrame>;
  commandAck: Same<typeof schemas.commandAckFrame, plain.CommandAckFrame>;
  answer: Same<typeof schemas.answerFrame, plain.AnswerFrame>;
  viewer: Same<typeof schemas.viewerFrame, plain.ViewerFrame>;
  agent: Same<typeof schemas.agentFrame, CheckedAgentFrame>;
  up: Same<typeof schemas.upFrame, plain.UpFrame>;

  subscribed: Same<typeof schemas.subscribedFrame, plain.SubscribedFrame>;
  window: Same<typeof schemas.windowFrame, plain.WindowFrame>;
  entries: Same<typeof schemas.entriesFrame, plain.EntriesFrame>;
  gap: Same<typeof schemas.gapFrame, plain.GapFrame>;
  skipped: Same<typeof schemas.skippedFrame, plain.SkippedFrame>;
  summaryFrame: Same<typeof schemas.summaryFrame, plain.SummaryFrame>;
  end: Same<typeof schemas.endFrame, plain.EndFrame>;
  redact: Same<typeof schemas.redactFrame, plain.RedactFrame>;
  appended: Same<typeof schemas.appendedFrame, plain.AppendedFrame>;
  demand: Same<typeof schemas.demandFrame, plain.DemandFrame>;
  commandDown: Same<typeof schemas.commandDownFrame, plain.CommandDownFrame>;
  reply: Same<typeof schemas.replyFrame, plain.ReplyFrame>;
  error: Same<typeof schemas.errorFrame, plain.ErrorFrame>;
  expiring: Same<typeof schemas.expiringFrame, plain.ExpiringFrame>;
  pong: Same<typeof schemas.pongFrame, plain.PongFrame>;
  down: Same<typeof schemas.downFrame, plain.DownFrame>;
}>;
