import type { CommandRecord, Json } from "../../../protocol/mod.ts";
import type { CommandRow } from "./command_store.ts";

/** What is said of a command: texts are put together, so that data is not parsed to be sent. */

/** The `command` frame, to agents. */
export function commandText(channel: string, { cursor, id, name, data, subject, ts }: CommandRow): string {
  const head = JSON.stringify({ type: "command", channel, cursor, id, name });
  return `${head.slice(0, -1)},"data":${data},${JSON.stringify({ from: subject, ts }).slice(1)}`;
}

/** The `reply` frame, to the sender. */
export function replyText(channel: string, { id, fate }: CommandRow): string {
  const { state, answer, code, isFinal } = fate;
  const head = JSON.stringify({ type: "reply", channel, id, state, ...(code !== null && { code }) });
  return answer === null ? head : `${head.slice(0, -1)},"data":${answer},"final":${isFinal}}`;
}

export function recordOf(channel: string, row: CommandRow): CommandRecord {
  const { id, subject, name, group, cursor, ts, fate } = row;
  const { changedAt, state, answer, isFinal, code } = fate;
  return {
    channel,
    id,
    from: subject,
    name,
    ...(group !== null && { group }),
    cursor,
    ts,
    changedAt,
    state,
    ...(answer !== null && { data: JSON.parse(answer) as Json, final: isFinal }),
    ...(code !== null && { code }),
  };
}
