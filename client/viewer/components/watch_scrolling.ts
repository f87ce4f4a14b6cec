import type { LogView } from "../models/log_view.ts";

const keysUp: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home"]);
const keysDown: ReadonlySet<string> = new Set(["ArrowDown", "PageDown", "End"]);

/**
 * Tells a view of its element's size and of what the reader does: wheel, touch and keys stop following before
 * the first pixel has moved, and the scroll bar by its movement; it may be taken to be drawn down. Answers how to
 * stop.
 */
export function watchScrolling(element: HTMLElement, view: LogView): () => void {
  const stop = new AbortController();
  const quiet = { passive: true, signal: stop.signal } as const;
  let touchY = 0;
  const turnUp = (): void => {
    // A scroll that the browser still animates has come further than it has told: to draw the place told last
    // would end this one where it begins.
    view.scrolled(element.scrollTop);
    view.turnedUp();
  };
  const turn = (up: boolean, down: boolean): void => {
    if (up) turnUp();
    else if (down) view.turnedDown();
  };
  element.addEventListener("scroll", () => view.scrolled(element.scrollTop), quiet);
  element.addEventListener("wheel", ({ deltaY }) => turn(deltaY < 0, deltaY > 0), quiet);
  element.addEventListener("keydown", (event) => turn(goesUp(event), goesDown(event)), quiet);
  element.addEventListener("pointerdown", () => view.turnedDown(), quiet);
  element.addEventListener("touchstart", (event) => (touchY = yOf(event)), quiet);
  element.addEventListener("touchmove", (event) => turn(yOf(event) > touchY, yOf(event) < touchY), quiet);
  const sizes = new ResizeObserver(() => view.resize(element.clientHeight));
  sizes.observe(element);
  view.resize(element.clientHeight);
  return () => {
    stop.abort();
    sizes.disconnect();
  };
}

function goesUp({ key, shiftKey }: KeyboardEvent): boolean {
  return keysUp.has(key) || (key === " " && shiftKey);
}

function goesDown({ key, shiftKey }: KeyboardEvent): boolean {
  return keysDown.has(key) || (key === " " && !shiftKey);
}

function yOf(event: TouchEvent): number {
  return event.touches[0]?.clientY ?? 0;
}
