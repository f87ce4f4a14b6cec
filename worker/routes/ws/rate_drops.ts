import { DropReport } from "../../core/drop_report.ts";
import { countRateDroppedLine } from "../metrics/isolate.ts";

/** Lines that this isolate has dropped for the rates of clients that cannot acknowledge. */
const report = new DropReport();

/** Counts a dropped line; the operator reads one line a minute, which names the reader that was met last. */
export function noteRateDrop(channel: string, subject: string): void {
  countRateDroppedLine();
  const lines = report.add(Date.now());
  if (lines === null) return;
  console.warn(
    JSON.stringify({ event: "lines_dropped", reason: "rate", lines, total: report.total, channel, subject }),
  );
}
