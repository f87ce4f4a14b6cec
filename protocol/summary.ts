import { type Entry, type Level, levels } from "./entry.ts";
import { limits } from "./limits.ts";
import { utf8Bytes } from "./utf8.ts";

/** Where a channel stands. `waiting`: nothing was appended yet. */
export const statuses = ["waiting", "running", "success", "failure", "cancelled", "expired"] as const;
export type Status = (typeof statuses)[number];

/** How a channel can end. */
export const endStatuses = ["success", "failure", "cancelled", "expired"] as const;
export type EndStatus = (typeof endStatuses)[number];

/** One stage: the lines that name it. It runs until a line of another stage, or of none, comes. */
export interface StageSummary {
  readonly name: string;
  /** Cursor of its first entry. */
  readonly first: number;
  /** Its lines; a line split over several entries counts once. */
  readonly lines: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Epoch milliseconds of the line that left it (a producer's clock, so it may run backwards); absent while it runs. */
  readonly endedAt?: number;
}

export type LevelCounts = { readonly [L in Level]: number };

/** What a reader wants to know of a channel before, or instead of, reading it. */
export interface Summary {
  readonly stages: readonly StageSummary[];
  readonly levels: LevelCounts;
  /** Percent, as the newest entry that had one said. */
  readonly progress?: number;
  readonly step?: string;
  readonly currentStep?: number;
  readonly totalSteps?: number;
}

/** A summary of some entries whose cursors count from 1, made to be merged into that of those before. */
export interface SummaryDelta extends Summary {
  /** The first log entry: its stage ends another one that was running before it. Absent without log entries. */
  readonly opens?: { readonly stage: string | null; readonly ts: number };
  /**
   * The ended stages, as places in `stages`, in the order in which they were last left. Present only where
   * that is not the order of their ends, as a producer's clock ran backwards.
   */
  readonly left?: readonly number[];
}

/** The name under which stages past the limit are counted together. */
export const otherStages = "…";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function emptySummary(): Summary {
  return { stages: [], levels: noLevels() };
}

function noLevels(): LevelCounts {
  return Object.fromEntries(levels.map((level) => [level, 0])) as LevelCounts;
}

/** What a summary names at most. */
export interface StageBounds {
  readonly stages: number;
  /** Bytes of all names as JSON. */
  readonly nameBytes: number;
}

const stageBounds: StageBounds = { stages: limits.stages, nameBytes: limits.stageNamesBytes };

/** For the summary of a batch, whose entries bound it: stages are counted together where it is merged. */
export const unboundedStages: StageBounds = {
  stages: Number.POSITIVE_INFINITY,
  nameBytes: Number.POSITIVE_INFINITY,
};

/** The bytes that a name has in JSON. */
function nameBytesOf(name: string): number {
  return utf8Bytes(JSON.stringify(name));
}

/**
 * Reduces entries, or summaries of entries, to one summary. The same reducer serves the Worker (a batch's
 * delta), the object (deltas into the channel's) and readers (the entries they get), so that all agree.
 */
export class SummaryReducer {
  readonly #bounds: StageBounds;
  #nameBytes = 0;
  readonly #stages: Mutable<StageSummary>[];
  readonly #byName = new Map<string, Mutable<StageSummary>>();
  readonly #levels: Mutable<LevelCounts>;
  #rest: Omit<Summary, "stages" | "levels">;
  #running: Mutable<StageSummary> | null;
  #opens: SummaryDelta["opens"];
  /** Ended stages by the order in which they were last left. */
  readonly #left = new Set<Mutable<StageSummary>>();

  constructor(from: Summary = emptySummary(), bounds: StageBounds = stageBounds) {
    const { stages, levels: counts, ...rest } = from;
    this.#bounds = bounds;
    this.#stages = stages.map((stage) => ({ ...stage }));
    for (const stage of this.#stages) {
      this.#byName.set(stage.name, stage);
      this.#nameBytes += nameBytesOf(stage.name);
    }
    this.#levels = { ...noLevels(), ...counts };
    this.#rest = pickRest(rest);
    this.#running = this.#stages.find((stage) => stage.endedAt === undefined) ?? null;
  }

  /** Takes in one entry at its cursor. */
  apply(entry: Entry, cursor: number): void {
    if (entry.kind === "event") return;
    const name = entry.stage ?? null;
    this.#opens ??= { stage: name, ts: entry.ts };
    this.#enter(name, cursor, entry.ts);
    if (!entry.more) {
      this.#levels[entry.level] += 1;
      if (this.#running !== null) this.#running.lines += 1;
    }
    if (hasRest(entry)) this.#rest = { ...this.#rest, ...pickRest(entry) };
  }

  /** Takes in the summary of entries whose first has the cursor `before + 1`. */
  merge(delta: SummaryDelta, before: number): void {
    for (const level of levels) this.#levels[level] += delta.levels[level];
    this.#rest = { ...this.#rest, ...pickRest(delta) };
    if (delta.opens === undefined) return;
    this.#opens ??= delta.opens;
    if (this.#running !== null && this.#running.name !== this.#keyOf(delta.opens.stage)) {
      this.#leave(delta.opens.ts);
    }
    // All stages first, in the order in which they began, for that decides which are counted together.
    const parts = delta.stages.map((part) => ({ part, stage: this.#count(part, before) }));
    for (const { part, stage } of inOrderLeft(parts, delta.left)) {
      this.#running = stage;
      this.#leave(part.endedAt);
    }
    const running = parts.find(({ part }) => part.endedAt === undefined);
    if (running !== undefined) this.#run(running.stage);
  }

  /** Ends the stage that runs. */
  end(ts: number): void {
    this.#leave(ts);
  }

  get summary(): Summary {
    return {
      stages: this.#stages.map((stage) => ({ ...stage })),
      levels: { ...this.#levels },
      ...this.#rest,
    };
  }

  get delta(): SummaryDelta {
    const left = this.#leftOutOfOrder();
    return {
      ...this.summary,
      ...(this.#opens !== undefined && { opens: this.#opens }),
      ...(left !== undefined && { left }),
    };
  }

  #leftOutOfOrder(): number[] | undefined {
    const left = [...this.#left];
    const isInOrder = left.every((stage, i) => i === 0 || endOf(stage) >= endOf(left[i - 1]));
    if (isInOrder) return undefined;
    const places = new Map(this.#stages.map((stage, place) => [stage, place]));
    return left.map((stage) => places.get(stage) ?? 0);
  }

  #enter(name: string | null, cursor: number, ts: number): void {
    if (this.#running !== null && this.#running.name === this.#keyOf(name)) return;
    this.#leave(ts);
    if (name !== null) this.#run(this.#stageOf(name, cursor, ts));
  }

  #run(stage: Mutable<StageSummary>): void {
    this.#running = stage;
    this.#left.delete(stage);
    delete stage.endedAt;
  }

  #leave(ts: number): void {
    const stage = this.#running;
    if (stage === null) return;
    stage.endedAt = ts;
    this.#left.delete(stage);
    this.#left.add(stage);
    this.#running = null;
  }

  /** Adds a delta's stage to its own, or to the one it is counted under. */
  #count(part: StageSummary, before: number): Mutable<StageSummary> {
    const stage = this.#stageOf(part.name, before + part.first, part.startedAt);
    stage.lines += part.lines;
    return stage;
  }

  /** The name a stage is counted under: its own while there is room. */
  #keyOf(name: string | null): string | null {
    return name === null || this.#byName.has(name) || this.#hasRoomFor(name) ? name : otherStages;
  }

  #hasRoomFor(name: string): boolean {
    const { stages, nameBytes } = this.#bounds;
    return this.#stages.length < stages && this.#nameBytes + nameBytesOf(name) <= nameBytes;
  }

  #stageOf(name: string, first: number, startedAt: number): Mutable<StageSummary> {
    const key = this.#keyOf(name) ?? name;
    let stage = this.#byName.get(key);
    if (stage === undefined) {
      stage = { name: key, first, lines: 0, startedAt };
      this.#byName.set(key, stage);
      this.#stages.push(stage);
      this.#nameBytes += nameBytesOf(key);
    }
    return stage;
  }
}

interface EndedPart {
  readonly part: StageSummary & { readonly endedAt: number };
  readonly stage: Mutable<StageSummary>;
}

/** The ended parts of a delta in the order in which they were last left: `left`, or else that of their ends. */
function inOrderLeft(
  parts: readonly { readonly part: StageSummary; readonly stage: Mutable<StageSummary> }[],
  left: readonly number[] | undefined,
): EndedPart[] {
  const ordered = left === undefined ? parts : left.map((place) => parts[place]);
  const ended = ordered.filter((each): each is EndedPart => each?.part.endedAt !== undefined);
  return left === undefined ? ended.sort((a, b) => a.part.endedAt - b.part.endedAt) : ended;
}

function endOf(stage: StageSummary | undefined): number {
  return stage?.endedAt ?? 0;
}

function hasRest(entry: Omit<Summary, "stages" | "levels">): boolean {
  return (
    entry.progress !== undefined ||
    entry.step !== undefined ||
    entry.currentStep !== undefined ||
    entry.totalSteps !== undefined
  );
}

function pickRest(from: Omit<Summary, "stages" | "levels">): Omit<Summary, "stages" | "levels"> {
  return {
    ...(from.progress !== undefined && { progress: from.progress }),
    ...(from.step !== undefined && { step: from.step }),
    ...(from.currentStep !== undefined && { currentStep: from.currentStep }),
    ...(from.totalSteps !== undefined && { totalSteps: from.totalSteps }),
  };
}

/** The delta of a batch: its entries' cursors count from 1. Stages are not bounded here but where they merge. */
export function summarize(entries: Iterable<Entry>): SummaryDelta {
  const reducer = new SummaryReducer(emptySummary(), unboundedStages);
  let cursor = 0;
  for (const entry of entries) reducer.apply(entry, ++cursor);
  return reducer.delta;
}
