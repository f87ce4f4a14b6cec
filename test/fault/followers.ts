import { LogSocketClient, type Transport } from "../../client/sdk/mod.ts";
import type { Entry } from "../../protocol/mod.ts";
import type { Access } from "../e2e/send_lines.ts";
import { Account } from "./account.ts";

/** Subscribers that come back after every break, each keeping account of what it has got. */

export interface Follower {
  readonly account: Account;
  /** How often it has lost its socket. */
  readonly breaks: number;
  close(): void;
}

/** How soon these come back: a small chance in the backoff, so that many breaks fit a short test. */
export const quickChance = 0.02;

export function followNatively(access: Access, channel: string, transport: Transport): Follower {
  const account = new Account(`native, ${transport}`);
  const client = new LogSocketClient({ ...access, transport, random: () => quickChance });
  const follower = { account, breaks: 0, close: () => void client.close() };
  client.onState(({ name }) => {
    if (name === "waiting") follower.breaks += 1;
    if (name === "stopped") account.failed("the client has stopped for good");
  });
  client.subscribe(
    channel,
    {},
    {
      onEntries(first, entries) {
        for (const [i, entry] of entries.entries()) account.took(first + i, textOf(entry));
      },
      onGap: (gap) => account.missed(gap),
      onSkipped: ({ to }) => account.failed(`was told that a filter hid everything up to ${to}`),
      onProblem: (problem) => {
        if (problem.final === true) account.failed(problem.message);
      },
      onEnd(_, proof) {
        if (proof.state !== "verified" && account.gaps.length === 0)
          account.failed(`the end is not proved: ${JSON.stringify(proof)}`);
        account.finish();
      },
    },
  );
  return follower;
}

function textOf(entry: Entry): string {
  return entry.kind === "log" ? entry.line : entry.event;
}

/** A client of build logs as they are: it acknowledges nothing, and resumes after the last cursor it has seen. */
export function followAsDialectA({ url, token }: Access, channel: string): Follower {
  const account = new Account("dialect A");
  let isClosed = false;
  let socket: WebSocket;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const follower = {
    account,
    breaks: 0,
    close() {
      isClosed = true;
      clearTimeout(retry);
      socket.close();
    },
  };
  const open = (): void => {
    socket = new WebSocket(`${url.replace("http", "ws")}/ws?token=${token}`);
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ type: "subscribe", buildId: channel, cursor: account.cursor })),
    );
    socket.addEventListener("message", ({ data }) => takeFrameOfA(account, JSON.parse(data)));
    socket.addEventListener("close", () => {
      if (isClosed) return;
      follower.breaks += 1;
      retry = setTimeout(open, 20);
    });
    // What went wrong is told by the close that follows.
    socket.addEventListener("error", () => undefined);
  };
  open();
  return follower;
}

function takeFrameOfA(account: Account, frame: Record<string, unknown>): void {
  const { type, cursor, line } = frame;
  if (type === "log" && typeof cursor === "number" && typeof line === "string") account.took(cursor, line);
  else if (type === "gap") account.missed(Object(frame));
  else if (type === "end") account.finish();
  else if (type !== "error")
    account.failed(`got a frame that is neither log, gap nor end: ${JSON.stringify(frame)}`);
}
