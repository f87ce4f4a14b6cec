import { Silence } from "../../core/silence.ts";

/** Tells when a client that pings has fallen silent. Frames only note the time; one timer looks now and then. */
export class SilenceTimer {
  readonly #silence = new Silence(Date.now());
  readonly #fallen: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(fallen: () => void) {
    this.#fallen = fallen;
  }

  heard(): void {
    this.#silence.heard(Date.now());
  }

  pinged(): void {
    this.#silence.pinged(Date.now());
    if (this.#timer === null) this.#look();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    const due = this.#silence.dueAt;
    if (due === null) return;
    const leftMs = due - Date.now();
    if (leftMs <= 0) this.#fallen();
    else this.#timer = setTimeout(() => this.#look(), leftMs);
  }
}
