import { z } from "zod";
import { replyStates } from "../../frames/down.ts";
import { ts } from "../entry.ts";
import { json, sentJson } from "../json.ts";
import { channelName, channelPattern, count, cursor, name } from "../names.ts";
import { wire } from "../registry.ts";

export const commandFrame = z
  .strictObject({
    type: z.literal("command"),
    channel: channelName,
    id: name,
    name,
    data: json,
    group: name.optional().describe("Only to this group of agents"),
  })
  .register(wire, {
    id: "CommandFrame",
    description: "A message upwards. A repeated id of one subject is acknowledged and not stored again.",
    examples: [{ type: "command", channel: "project/p1", id: "c-1", name: "pause", data: {} }],
  });

export const joinFrame = z
  .strictObject({ type: z.literal("join"), channel: channelPattern, group: name.optional() })
  .register(wire, {
    id: "JoinFrame",
    description: "An agent takes commands; group defaults to the token's subject.",
    examples: [{ type: "join", channel: "project/*", group: "runners" }],
  });

export const leaveFrame = z
  .strictObject({ type: z.literal("unsubscribe"), channel: channelPattern })
  .register(wire, {
    id: "LeaveFrame",
    description: "An agent stops serving a channel, or all of a joined pattern, and reading it.",
    examples: [{ type: "unsubscribe", channel: "project/*" }],
  });

export const commandAckFrame = z
  .strictObject({ type: z.literal("commandAck"), channel: channelName, cursor })
  .register(wire, {
    id: "CommandAckFrame",
    description: "The agent has taken every command up to the cursor.",
    examples: [{ type: "commandAck", channel: "project/p1", cursor: 3 }],
  });

export const answerFrame = z
  .strictObject({
    type: z.literal("answer"),
    channel: channelName,
    id: name,
    cursor: cursor.optional().describe("The command's, where commands of several senders have one id"),
    data: json,
    final: z.boolean(),
  })
  .register(wire, {
    id: "AnswerFrame",
    description: "An agent's answer to a command, the last one with final.",
    examples: [{ type: "answer", channel: "project/p1", id: "c-1", data: { paused: true }, final: true }],
  });

export const commandDownFrame = z
  .object({
    type: z.literal("command"),
    channel: z.string(),
    cursor: count,
    id: z.string(),
    name: z.string(),
    data: sentJson,
    from: z.string().describe("The sender's subject"),
    ts,
  })
  .register(wire, {
    id: "CommandDownFrame",
    description: "A command, to agents: at least once and in order.",
    examples: [
      {
        type: "command",
        channel: "project/p1",
        cursor: 3,
        id: "c-1",
        name: "pause",
        data: {},
        from: "ada",
        ts: 1_795_000_000_000,
      },
    ],
  });

export const replyFrame = z
  .object({
    type: z.literal("reply"),
    channel: z.string(),
    id: z.string(),
    state: z.enum(replyStates),
    data: sentJson.optional(),
    code: z.string().optional(),
    final: z.boolean().optional().describe("With answered: whether it is the last answer"),
  })
  .register(wire, {
    id: "ReplyFrame",
    description: "Where a command stands, to its sender.",
    examples: [{ type: "reply", channel: "project/p1", id: "c-1", state: "delivered" }],
  });
