import type { Status } from "../../protocol/summary.ts";
import type { Phase } from "./feed_machine.ts";

/** What a viewer says, in the page's language. */
export interface Words {
  readonly statuses: Readonly<Record<Status, string>>;
  readonly phases: Readonly<Record<Phase["name"], string>>;
  readonly progress: string;
  readonly steps: string;
  readonly log: string;
  readonly task: (id: string) => string;
  readonly exitCode: (code: number) => string;
  readonly gone: (count: number) => string;
  readonly lost: (from: number, to: number) => string;
}

const en: Words = {
  statuses: {
    waiting: "Waiting",
    running: "Running",
    success: "Succeeded",
    failure: "Failed",
    cancelled: "Cancelled",
    expired: "Expired",
  },
  phases: {
    replaying: "Loading",
    connecting: "Connecting",
    live: "Live",
    checking: "Live",
    waiting: "Reconnecting",
    polling: "Polling",
    resting: "Polling",
    ending: "Finishing",
    ended: "Finished",
    refused: "Refused",
  },
  progress: "Progress",
  steps: "Steps",
  log: "Log",
  task: (id) => `Install task ${id}`,
  exitCode: (code) => `exit code ${code}`,
  gone: (count) => `${count} earlier lines are not shown`,
  lost: (from, to) => `Lines ${from} to ${to} are no longer kept`,
};

const zh: Words = {
  statuses: {
    waiting: "等待中",
    running: "运行中",
    success: "成功",
    failure: "失败",
    cancelled: "已取消",
    expired: "已过期",
  },
  phases: {
    replaying: "正在加载",
    connecting: "正在连接",
    live: "实时",
    checking: "实时",
    waiting: "正在重连",
    polling: "轮询中",
    resting: "轮询中",
    ending: "即将完成",
    ended: "已结束",
    refused: "被拒绝",
  },
  progress: "进度",
  steps: "步骤",
  log: "日志",
  task: (id) => `安装任务 ${id}`,
  exitCode: (code) => `退出码 ${code}`,
  gone: (count) => `较早的 ${count} 行未显示`,
  lost: (from, to) => `第 ${from} 至 ${to} 行已不再保留`,
};

/** By a document's `lang`: Chinese for `zh` and its kinds, else English. */
export function wordsFor(lang: string): Words {
  return /^zh\b/i.test(lang) ? zh : en;
}
