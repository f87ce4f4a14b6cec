import { dialects } from "../../../protocol/dialects/dialects.ts";
import { closeCodes, type ProblemCode, problemTable } from "../../../protocol/mod.ts";
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

/** What clients' sockets speak. */
const protocols = ["native", ...dialects.map(({ name }) => name)];

const receivedFrames = new Metric({
  name: "tailrace_client_frames_received_total",
  type: "counter",
  help: "Frames that clients sent on sockets that end in this isolate, by what they speak.",
  label: { name: "protocol", values: protocols },
});

const sentFrames = new Metric({
  name: "tailrace_client_frames_sent_total",
  type: "counter",
  help: "Frames that clients were sent on sockets that end in this isolate, by what they speak.",
  label: { name: "protocol", values: protocols },
});

const refusals = new Metric({
  name: "tailrace_client_refusals_total",
  type: "counter",
  help: "What this isolate refused on clients' sockets, by problem code.",
  label: { name: "code", values: Object.keys(problemTable) },
});

const socketCommands = new Metric({
  name: "tailrace_client_commands_total",
  type: "counter",
  help: "Commands that clients sent on sockets that end in this isolate, by what became of them.",
  label: { name: "outcome", values: ["stored", "refused"] },
});

const commandMs = new Metric({
  name: "tailrace_client_command_milliseconds_total",
  type: "counter",
  help: "Time in all from those commands' frames until they were stored or refused.",
});

export function countReceivedFrame(protocol: string): void {
  receivedFrames.add(1, protocol);
}

export function countSentFrame(protocol: string): void {
  sentFrames.add(1, protocol);
}

export function countRefusal(code: ProblemCode): void {
  refusals.add(1, code);
}

export function countCommand(isStored: boolean, ms: number): void {
  socketCommands.add(1, isStored ? "stored" : "refused");
  commandMs.add(ms);
}

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

const all = [
  ...[rateDroppedLines, openSockets, closedSockets],
  ...[receivedFrames, sentFrames, refusals, socketCommands, commandMs],
];

let id: string | null = null;

/** All of them as text. Each series names its isolate: of two isolates' counts neither follows the other's. */
export function encodeIsolateMetrics(): string {
  // Chance is not to be had before a request.
  id ??= crypto.randomUUID().slice(0, 8);
  const common = { isolate: id };
  return all.map((metric) => metric.encode(common)).join("");
}
