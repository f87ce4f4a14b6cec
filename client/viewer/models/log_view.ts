import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { keywordPattern, Matches } from "../rows/matches.ts";
import type { RowLayout } from "../rows/row_layout.ts";
import { ScrollPosition } from "../rows/scroll_position.ts";
import type { LogBuffer } from "./log_buffer.ts";

/** What a frame searches, in plain rows: about 10 ms. */
const searchEffort = 30_000;

/** Lines that came while the reader was elsewhere. */
export interface Unseen {
  readonly lines: number;
  readonly errors: number;
}

const nothingUnseen: Unseen = { lines: 0, errors: 0 };

/** How a reader looks at a log: place, folds, keyword, and whether the end is followed. */
export class LogView {
  readonly position: ScrollPosition;
  readonly #buffer: LogBuffer;
  readonly #version = signal(0);
  readonly #keyword = signal("");
  readonly #following = signal(true);
  readonly #unseen = signal(nothingUnseen);
  readonly #target = signal<number | null>(null);
  #pattern: RegExp | null = null;
  #matches: Matches | null = null;
  #isSearching = false;
  #isTargetDue = false;

  /** Counts the changes of what is shown: who reads it draws again. */
  readonly version: ReadonlySignal<number> = this.#version;
  readonly keyword: ReadonlySignal<string> = this.#keyword;
  readonly following: ReadonlySignal<boolean> = this.#following;
  readonly unseen: ReadonlySignal<Unseen> = this.#unseen;
  /** The cursor that the address names. */
  readonly target: ReadonlySignal<number | null> = this.#target;

  constructor(buffer: LogBuffer) {
    this.#buffer = buffer;
    this.position = new ScrollPosition(buffer.sections);
  }

  get layout(): RowLayout {
    return this.#matches ?? this.#buffer.sections;
  }

  /** Finds the keyword in a line; null without one. */
  get pattern(): RegExp | null {
    return this.#pattern;
  }

  /** Lines that match, of the lines kept; null without a keyword. */
  get matched(): number | null {
    return this.#matches?.matched ?? null;
  }

  get isSearching(): boolean {
    return this.#isSearching;
  }

  /** Makes a change to the buffer, and shows it; `came` is what the change adds. */
  change(makeChange: () => Unseen): void {
    batch(() => {
      let came = nothingUnseen;
      this.position.change(() => {
        came = makeChange();
        this.#search();
        return this.layout;
      });
      if (!this.position.following && came.lines > 0) {
        const { lines, errors } = this.#unseen.value;
        this.#unseen.value = { lines: lines + came.lines, errors: errors + came.errors };
      }
      this.#seekTarget();
      this.#show();
    });
  }

  setKeyword(keyword: string): void {
    if (keyword === this.#keyword.value) return;
    this.#keyword.value = keyword;
    this.#pattern = keywordPattern(keyword);
    this.#matches = null;
    this.change(() => {
      if (this.#pattern !== null) this.#matches = new Matches(this.#buffer.store, this.#pattern);
      return nothingUnseen;
    });
  }

  isFolded(stage: number): boolean {
    return this.#buffer.sections.isFolded(stage);
  }

  setFolded(stages: readonly number[], folded: boolean): void {
    this.change(() => {
      this.#buffer.sections.setFolded(stages, folded);
      return nothingUnseen;
    });
  }

  scrolled(scrollTop: number): void {
    if (this.position.scrolled(scrollTop)) this.#show();
  }

  turnedUp(): void {
    this.position.turnedUp();
    this.#show();
  }

  turnedDown(): void {
    this.position.turnedDown();
  }

  resize(viewport: number): void {
    this.position.resize(viewport);
    this.#show();
  }

  follow(): void {
    this.position.follow();
    this.#show();
  }

  /** Reading begins at the first line: the channel has ended, and nothing will follow. */
  stay(): void {
    this.position.stay();
    this.#show();
  }

  /** Goes to a cursor's row, now or as soon as it is there. */
  goTo(cursor: number | null): void {
    this.#target.value = cursor;
    this.#isTargetDue = cursor !== null;
    if (cursor !== null) this.position.stay();
    this.change(() => nothingUnseen);
  }

  /** Goes to the head of the stage whose first entry has this cursor, and opens it. */
  goToStage(cursor: number): void {
    const row = this.#buffer.store.rowOfCursor(cursor);
    this.setKeyword("");
    if (row >= this.#buffer.store.end) {
      this.goTo(cursor);
      return;
    }
    const stage = this.#buffer.sections.stageOf(row);
    if (this.isFolded(stage)) this.setFolded([stage], false);
    this.position.goToTop(this.layout.indexOf({ kind: "stage", row, stage }));
    this.#show();
  }

  /** A fold or a filter does not hide what was asked for. */
  #seekTarget(): void {
    const target = this.#target.value;
    if (!this.#isTargetDue || target === null) return;
    const row = this.#buffer.store.rowOfCursor(target);
    if (row >= this.#buffer.store.end) return;
    this.#isTargetDue = false;
    const stage = this.#buffer.sections.stageOf(row);
    if (this.isFolded(stage)) this.setFolded([stage], false);
    this.position.goTo(this.layout.indexOf({ kind: "row", row }));
  }

  #search(): void {
    this.#matches?.trim();
    this.#isSearching = this.#matches !== null && !this.#matches.step(searchEffort);
  }

  #show(): void {
    batch(() => {
      this.#following.value = this.position.following;
      if (this.position.following) this.#unseen.value = nothingUnseen;
      this.#version.value += 1;
    });
  }
}
