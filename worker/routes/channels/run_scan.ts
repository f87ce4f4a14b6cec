import type { ChannelCalls, ChannelHead } from "../../core/contract.ts";
import type { HistoryScan } from "../../core/history.ts";

/** Reads what a scan asks for, page by page, until it has enough; answers where the journal stood then. */
export async function runScan(
  object: Pick<ChannelCalls, "read">,
  tenant: string,
  channel: string,
  scan: HistoryScan,
  before: ChannelHead,
): Promise<ChannelHead> {
  let head = before;
  for (let next = scan.nextRead; next !== null; next = scan.nextRead) {
    const read = await object.read(tenant, channel, next);
    head = read.head;
    scan.take(read);
  }
  return head;
}
