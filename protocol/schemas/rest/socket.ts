import { limits } from "../../limits.ts";
import { appendQuery } from "./channels.ts";
import { integerText, plainText, strictQuery } from "./query.ts";

const max = Number.MAX_SAFE_INTEGER;

/** The query of a producer's socket. */
export const producerSocketQuery = strictQuery({ project: appendQuery.shape.project });

/** Where a direct socket begins: its address is its subscription. */
export const directSocketQuery = strictQuery({
  cursor: integerText(0, max, {
    description: "Go on after this cursor; not with last",
    example: 41,
  }).optional(),
  epoch: plainText(limits.nameChars, {
    description: "The epoch that cursor is of",
    example: "k3v9x2",
  }).optional(),
  last: integerText(0, max, {
    description: "Begin with the last n entries; 0: live only",
    example: 100,
  }).optional(),
  maxWindowBytes: integerText(limits.windowMinBytes, max, {
    description: "The largest window that the client wants",
    example: 65_536,
  }).optional(),
});
