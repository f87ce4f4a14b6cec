import type { LogView } from "../models/log_view.ts";

const keysUp: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home"]);

/**
 * Tells a view of its element's size and of what the reader does: wheel, touch and keys stop following before
 * the first pixel has moved, and the scroll bar by its movement. Answers how to stop.
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
  element.addEventListener("scroll", () => view.scrolled(element.scrollTop), quiet);
  element.addEventListener("wheel", (event) => event.deltaY < 0 && turnUp(), quiet);
  element.addEventListener("keydown", (event) => keysUp.has(event.key) && turnUp(), quiet);
  element.addEventListener("touchstart", (event) => (touchY = yOf(event)), quiet);
  element.addEventListener("touchmove", (event) => yOf(event) > touchY && turnUp(), quiet);
  const sizes = new ResizeObserver(() => view.resize(element.clientHeight));
  sizes.observe(element);
  view.resize(element.clientHeight);
  return () => {
    stop.abort();
    sizes.disconnect();
  };
}

function yOf(event: TouchEvent): number {
  return event.touches[0]?.clientY ?? 0;
}
