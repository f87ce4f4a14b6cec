import { closeCodes } from "../../../protocol/mod.ts";
import { Metric } from "../../core/metrics.ts";

/** What this isolate counts. Another isolate of the same gateway counts its own. */

const rateDroppedLines = new Metric({
  name: "tailrace_rate_dropped_lines_total",
  type: "counter",
  help: "Lines dropped, and announced as gaps, for clients that cannot acknowledge.",
});

const openSockets = new Metric({
  name: "tailrace_sockets_open",
  type: "gauge",
  help: "Sockets that end in this isolate now.",
});

/** A client may close with any code: those that are not of the protocol count as one. */
const otherCode = "other";

const closedSockets = new Metric({
  name: "tailrace_sockets_closed_total",
  type: "counter",
  help: "Sockets that ended in this isolate, by close code.",
  label: {
    name: "code",
    values: [...Object.values(closeCodes).map(({ code }) => String(code)), otherCode],
  },
});

export function countRateDroppedLine(): void {
  rateDroppedLines.add(1);
}

export function countOpenedSocket(): void {
  openSockets.add(1);
}

export function countClosedSocket(code: number): void {
  openSockets.add(-1);
  closedSockets.add(1, closedSockets.has(String(code)) ? String(code) : otherCode);
}

let id: string | null = null;

/** All of them as text. Each series names its isolate: of two isolates' counts neither follows the other's. */
export function encodeIsolateMetrics(): string {
  // Chance is not to be had before a request.
  id ??= crypto.randomUUID().slice(0, 8);
  const common = { isolate: id };
  return [rateDroppedLines, openSockets, closedSockets].map((metric) => metric.encode(common)).join("");
}
