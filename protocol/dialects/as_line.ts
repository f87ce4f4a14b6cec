import type { EventEntry } from "../entry.ts";

/** An event as a line: its name and compact JSON data. */
export function eventLine({ event, data }: EventEntry): string {
  return `${event} ${JSON.stringify(data)}`;
}
