import { noStage } from "../models/line_chunk.ts";
import { lastAtMost, type RowLayout, type ViewRow } from "./row_layout.ts";

/**
 * The rows of a log by stage: a section is a run of rows of one stage, headed by a row that folds it. All
 * sections of a stage fold together. Rows without a stage have no head and do not fold.
 */
export class Sections implements RowLayout {
  /** First row, stage and view rows before it, of each section. */
  #starts: number[] = [];
  #stages: number[] = [];
  #before: number[] = [];
  readonly #folded = new Set<number>();
  #base = 0;
  #end = 0;

  /** Adds the row `end`. */
  append(stage: number): void {
    if (this.#stages.at(-1) !== stage) {
      this.#before.push(this.#sectionsEnd());
      this.#starts.push(this.#end);
      this.#stages.push(stage);
    }
    this.#end += 1;
  }

  /** Drops the rows before `base`. */
  trim(base: number): void {
    if (base <= this.#base) return;
    this.#base = base;
    const gone = Math.max(0, lastAtMost(this.#starts, base));
    this.#starts.splice(0, gone);
    this.#stages.splice(0, gone);
    if (this.#starts.length > 0) this.#starts[0] = Math.max(base, this.#starts[0] ?? base);
    this.#layOut();
  }

  isFolded(stage: number): boolean {
    return this.#folded.has(stage);
  }

  setFolded(stages: Iterable<number>, folded: boolean): void {
    for (const stage of stages) {
      if (folded) this.#folded.add(stage);
      else this.#folded.delete(stage);
    }
    this.#layOut();
  }

  get count(): number {
    return this.#dropped() + this.#sectionsEnd();
  }

  at(index: number): ViewRow | null {
    if (index < 0 || index >= this.count) return null;
    if (index < this.#dropped()) return { kind: "dropped" };
    const inSections = index - this.#dropped();
    const section = lastAtMost(this.#before, inSections);
    const start = this.#starts[section] ?? 0;
    const stage = this.#stages[section] ?? noStage;
    const within = inSections - (this.#before[section] ?? 0);
    if (stage === noStage) {
      return { kind: "row", row: start + within, ...(section > 0 && within === 0 && { afterStage: true }) };
    }
    return within === 0 ? { kind: "stage", row: start, stage } : { kind: "row", row: start + within - 1 };
  }

  indexOf(view: ViewRow): number {
    if (view.kind === "dropped" || this.#starts.length === 0) return 0;
    const row = Math.min(Math.max(view.row, this.#base), this.#end - 1);
    const section = lastAtMost(this.#starts, row);
    const stage = this.#stages[section] ?? noStage;
    const first = this.#dropped() + (this.#before[section] ?? 0);
    if (stage !== noStage && (view.kind === "stage" || this.#folded.has(stage))) return first;
    return first + (stage === noStage ? 0 : 1) + row - (this.#starts[section] ?? 0);
  }

  /** The stage of a row. */
  stageOf(row: number): number {
    return this.#stages[lastAtMost(this.#starts, row)] ?? noStage;
  }

  #dropped(): number {
    return this.#base > 0 ? 1 : 0;
  }

  #sectionsEnd(): number {
    const last = this.#starts.length - 1;
    return last < 0 ? 0 : (this.#before[last] ?? 0) + this.#height(last);
  }

  #height(section: number): number {
    const stage = this.#stages[section] ?? noStage;
    const rows = (this.#starts[section + 1] ?? this.#end) - (this.#starts[section] ?? 0);
    if (stage === noStage) return rows;
    return this.#folded.has(stage) ? 1 : rows + 1;
  }

  #layOut(): void {
    this.#before = [];
    let before = 0;
    for (let section = 0; section < this.#starts.length; section++) {
      this.#before.push(before);
      before += this.#height(section);
    }
  }
}
