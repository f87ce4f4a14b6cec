import { z } from "zod";
import { commandStates, expiryCodes } from "../../frames/down.ts";
import { limits } from "../../limits.ts";
import { ts } from "../entry.ts";
import { sentJson } from "../json.ts";
import { channelName, count } from "../names.ts";
import { plainText, strictQuery } from "./query.ts";

const nameAllowed = `a text of 1 to ${limits.nameChars} characters`;
const nameText = z.string(nameAllowed).min(1, nameAllowed).max(limits.nameChars, nameAllowed);

export const commandBody = z
  .strictObject(
    {
      id: nameText
        .optional()
        .describe("Your name for it: with your subject it names the command. One is made where it is absent"),
      name: nameText.describe("What is wanted: what a channel's kind takes"),
      data: z.unknown().optional().describe("An object; an empty one when left out"),
      group: nameText.optional().describe("Only to this group of agents"),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" ? "Known fields: id, name, data, group." : undefined,
    },
  )
  .meta({ example: { id: "c-1", name: "user_feedback", data: { text: "Looks right" } } });

export const commandAnswer = z.object({
  channel: channelName,
  id: z.string(),
  from: z.string().describe("The sender's subject"),
  name: z.string(),
  group: z.string().optional(),
  cursor: count.describe("Its place among the channel's commands, from 1"),
  ts: ts.describe("When it was stored"),
  changedAt: ts.describe("When its state last changed"),
  state: z.enum(commandStates),
  data: sentJson.optional().describe("The newest answer"),
  final: z.boolean().optional().describe("With answered: whether it is the last answer"),
  code: z.enum(expiryCodes).optional().describe("Why it expired"),
});

export const commandQuery = strictQuery({
  subject: plainText(256, {
    description: "Whose command; your own when left out. Another's needs the grant serve",
    example: "ada",
  }).optional(),
});
