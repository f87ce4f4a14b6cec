import { LogSocketClient, Producer, SocketProducer, type Transport } from "../../client/sdk/mod.ts";

/**
 * The SDK as a program in Deno has it, with nothing allowed but one address: it reads two channels while it
 * appends to them, and prints what came as NDJSON. It ends by itself when both ends have been read.
 */

declare const Deno: { readonly stdin: { readonly readable: ReadableStream<BufferSource> } };

/** What it is told on stdin. */
export interface DenoTask {
  readonly url: string;
  readonly token: string;
  /** Appended over HTTP and read on the shared socket. */
  readonly posted: string;
  /** Appended and read on sockets of their own. */
  readonly sent: string;
  readonly lines: readonly string[];
}

/** What it prints. */
export type DenoReport =
  | { readonly channel: string; readonly first: number; readonly lines: readonly string[] }
  | { readonly channel: string; readonly proof: string; readonly status: string; readonly connects: number }
  | { readonly channel: string; readonly problem: string };

const chunkLines = 100;
const deadlineMs = 60_000;

function print(report: DenoReport): void {
  console.log(JSON.stringify(report));
}

function read(task: DenoTask, channel: string, transport: Transport): void {
  const client = new LogSocketClient({ url: task.url, token: task.token, transport, random: () => 0.02 });
  let connects = 0;
  client.onState(({ name }) => {
    if (name === "ready") connects += 1;
  });
  client.subscribe(
    channel,
    {},
    {
      onEntries: (first, entries) => {
        const lines = entries.map((entry) => (entry.kind === "log" ? entry.line : entry.event));
        print({ channel, first, lines });
      },
      onGap: ({ reason }) => print({ channel, problem: `gap: ${reason}` }),
      onEnd: async ({ status }, proof) => {
        await client.close();
        print({ channel, proof: proof.state, status, connects });
      },
    },
  );
}

/** In chunks, each acknowledged before the next: so that reading and appending go on side by side. */
async function append(task: DenoTask, producer: Producer | SocketProducer): Promise<void> {
  for (let from = 0; from < task.lines.length; from += chunkLines) {
    for (const line of task.lines.slice(from, from + chunkLines)) producer.append({ line });
    if (!(await producer.flush(deadlineMs))) throw new Error(`Lines from ${from} were not acknowledged.`);
  }
  const ended = await producer.end({ status: "success" }, deadlineMs);
  if (!ended.ok) throw new Error(ended.problem.message);
}

const task: DenoTask = await new Response(Deno.stdin.readable).json();
const { url, token, posted, sent } = task;
const options = { url, token, lingerMs: 1, random: () => 0.02 };
read(task, posted, "shared");
read(task, sent, "direct");
await Promise.all([
  append(task, new Producer({ ...options, channel: posted })),
  append(task, new SocketProducer({ ...options, channel: sent })),
]);
