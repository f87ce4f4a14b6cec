import { parseStageMarker } from "../../../protocol/mod.ts";

/**
 * The stage that printed lines are in. Groups have one level, as GitHub has them: a new one ends the one
 * before, and after the end of a group the run is back in its own stage.
 */
export class StageTracker {
  readonly #own: string | undefined;
  #current: string | undefined;

  constructor(own?: string) {
    this.#own = own;
    this.#current = own;
  }

  /** The stage of this line: the marker that begins a group is in it, and so is the one that ends it. */
  stageOf(line: string): string | undefined {
    const marker = parseStageMarker(line);
    if (marker?.kind === "begin") this.#current = marker.name;
    const stage = this.#current;
    if (marker?.kind === "end") this.#current = this.#own;
    return stage;
  }
}
