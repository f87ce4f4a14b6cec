import {
  carryProgress,
  type DMessage,
  type DProgress,
  dGapMessage,
  dMessage,
  dStart,
  dUnknown,
} from "../../protocol/dialects/d_message.ts";
import type { TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { epochGapFrame } from "./channel_frames.ts";
import type { ChannelHead, ChannelSummary, Page } from "./contract.ts";
import { entriesOfPage, type NumberedEntry } from "./history.ts";

/** What a page of the journal just before a cursor tells of the progress at it; the page is null at the beginning. */
export function progressFrom(page: Page | null, head: ChannelHead, cursor: number): DProgress {
  const begins = (page?.first ?? cursor) <= head.first;
  const entries = page === null ? [] : entriesOfPage(page).slice(0, Math.max(0, cursor - page.first));
  return entries.reduce(carryProgress, begins ? dStart : dUnknown);
}

/** The messages of entries that follow one another; `before` is what is known before the first. */
export function messagesOf(entries: readonly NumberedEntry[], before: DProgress): DMessage[] {
  let at = before;
  return entries.map(({ cursor, ...entry }) => {
    at = carryProgress(at, entry);
    return dMessage(entry, cursor, at);
  });
}

/** The cursor that was read to is of a journal that is gone: reading goes on from the oldest. */
export function lostJournal(head: ChannelHead, offset: number, now: number): DMessage {
  return dGapMessage(epochGapFrame(head.channel, offset + 1), dUnknown, now);
}

export function taskStatus(taskId: string, summary: ChannelSummary): TaskStatus {
  const { status, progress = 0, step, currentStep, totalSteps, end } = summary;
  const success = status === "success";
  return {
    task_id: taskId,
    status,
    progress: success ? 100 : progress,
    step: step ?? null,
    current_step: currentStep ?? null,
    total_steps: totalSteps ?? null,
    is_completed: end !== undefined,
    success,
    exit_code: end?.exitCode ?? null,
  };
}
