import { z } from "zod";
import { auditActionNames } from "../../audit.ts";
import { ts } from "../entry.ts";
import { channelName } from "../names.ts";
import { integerText, plainText, strictQuery, timeText, wordListText } from "./query.ts";

const names = auditActionNames.join(", ");

export const auditQuery = strictQuery({
  action: wordListText(auditActionNames, {
    description: `Only these actions, a comma list of: ${names}`,
    example: "connect_refused,subscribe_refused",
  }).optional(),
  subject: plainText(256, { description: "Only what this subject did", example: "ada" }).optional(),
  channel: plainText(161, {
    description: "Only what happened to this channel",
    example: "build/4711",
  }).optional(),
  since: timeText({
    description: "Nothing older: epoch milliseconds or ISO 8601",
    example: "2026-11-18T00:00:00Z",
  }).optional(),
  until: timeText({
    description: "Nothing newer: epoch milliseconds or ISO 8601",
    example: "2026-11-19T00:00:00Z",
  }).optional(),
  limit: integerText(1, 1_000, { description: "Events a page; 100 when left out", example: 100 }).optional(),
  before: plainText(200, {
    description: "The next of the page before",
    example: "1795000000000:000002a-5f0c9b1e",
  }).optional(),
});

const auditEvent = z.object({
  id: z.string().describe("Names this event alone"),
  at: ts.describe("When it happened, in epoch milliseconds"),
  action: z.enum(auditActionNames),
  subject: z.string().nullable().describe("Whose token it was; null where none was valid"),
  channel: channelName.optional(),
  address: z.string().optional().describe("The client's address, where Cloudflare tells it"),
  origin: z.string().optional().describe("The Origin that the client sent"),
  code: z
    .union([z.string(), z.int()])
    .optional()
    .describe("A refusal's problem code, or the close code of an abnormal close"),
  userAgent: z.string().optional().describe("The User-Agent that the client sent, its first 256 bytes"),
});

export const auditAnswer = z
  .object({
    events: z.array(auditEvent).describe("Newest first"),
    next: z.string().nullable().describe("The before of the next page; null on the last"),
  })
  .meta({
    example: {
      events: [
        {
          id: "000002b-5f0c9b1e",
          at: 1_795_000_000_250,
          action: "abnormal_close",
          subject: "ada",
          channel: "build/4711",
          code: 1006,
        },
        {
          id: "000002a-5f0c9b1e",
          at: 1_795_000_000_000,
          action: "connect_refused",
          subject: null,
          address: "203.0.113.7",
          origin: "https://elsewhere.example",
          code: "origin_forbidden",
          userAgent: "Mozilla/5.0",
        },
      ],
      next: "1795000000000:000002a-5f0c9b1e",
    },
  });
