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
  element.addEventListener("scroll", () => view.scrolled(element.scrollTop), quiet);
  element.addEventListener("wheel", (event) => event.deltaY < 0 && view.turnedUp(), quiet);
  element.addEventListener("keydown", (event) => keysUp.has(event.key) && view.turnedUp(), quiet);
  element.addEventListener("touchstart", (event) => (touchY = yOf(event)), quiet);
  element.addEventListener("touchmove", (event) => yOf(event) > touchY && view.turnedUp(), quiet);
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
