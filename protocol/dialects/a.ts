import { ok, type Result } from "../codes.ts";
import type { Entry } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame } from "../frames/down.ts";
import { pongText } from "../frames/up.ts";
import { eventLine } from "./as_line.ts";
import type { Dialect, DialectRequest, Ending, Piece, Reading, Speech } from "./dialect.ts";
import { checkFrameId, frameCursor, type NamedChannel, namedChannel, unknownType } from "./fields.ts";
import { loneFrame } from "./piece.ts";

/** Build logs: `subscribe {buildId, cursor?}` up, several builds a socket; one `log` frame a line down. */
export const dialectA: Dialect = {
  name: "A",
  key: "buildId",
  query: [],
  speak: () => ok(speech),
};

const speech: Speech = {
  opening: [],
  isOfOneChannel: false,

  decode(frame: Untrusted): Result<readonly DialectRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    switch (frame["type"]) {
      case "ping":
        return ok([{ kind: "answer", frame: pongText }]);
      case "subscribe":
        return decodeSubscribe(frame);
      case "unsubscribe": {
        const build = buildOf(frame);
        return build.ok ? ok([{ kind: "unsubscribe", id: build.value.id }]) : build;
      }
      default:
        return unknownType(frame, "type", "subscribe, unsubscribe, ping");
    }
  },

  read: (buildId) => new BuildReading(buildId),

  encodeError({ code, message }: Pick<ErrorFrame, "code" | "message">, buildId?: string): string {
    return JSON.stringify({ type: "error", code, message, ...(buildId !== undefined && { buildId }) });
  },
};

class BuildReading implements Reading<string> {
  readonly #buildId: string;

  constructor(buildId: string) {
    this.#buildId = buildId;
  }

  /** Fields are these alone: nothing that a producer added leaks. An event is a line. */
  encode(entry: Entry, cursor: number): Piece<string> {
    const { ts } = entry;
    const [level, stage, line] =
      entry.kind === "log"
        ? [entry.level, entry.stage ?? "", entry.line]
        : (["info", "", eventLine(entry)] as const);
    return loneFrame({ type: "log", buildId: this.#buildId, ts, level, stage, line, cursor });
  }

  frames(frames: readonly string[]): readonly string[] {
    return frames;
  }

  gap({ from, to, count, reason }: GapFrame): readonly string[] {
    return [JSON.stringify({ type: "gap", buildId: this.#buildId, from, to, count, reason })];
  }

  end({ channel: _, type, ...proof }: EndFrame): Ending {
    return { frames: [JSON.stringify({ type, buildId: this.#buildId, ...proof })] };
  }
}

function buildOf(frame: Untrusted): Result<NamedChannel> {
  return namedChannel("The frame", "buildId", frame["buildId"], "build");
}

function decodeSubscribe(frame: Untrusted): Result<readonly DialectRequest[]> {
  const build = buildOf(frame);
  if (!build.ok) return build;
  const cursor = frameCursor("The subscribe frame", frame["cursor"]);
  if (!cursor.ok) return cursor;
  const start = cursor.value === undefined ? {} : { cursor: cursor.value };
  return ok([{ kind: "subscribe", ...build.value, start }]);
}
