import { DropReport } from "../../core/drop_report.ts";

const report = new DropReport();

/** Lines that this isolate has dropped for the rates of clients that cannot acknowledge. */
export function rateDrops(): number {
  return report.total;
}

/** Counts a dropped line; the operator reads one line a minute, which names the reader that was met last. */
export function noteRateDrop(channel: string, subject: string): void {
  const lines = report.add(Date.now());
  if (lines === null) return;
  console.warn(
    JSON.stringify({ event: "lines_dropped", reason: "rate", lines, total: report.total, channel, subject }),
  );
}
