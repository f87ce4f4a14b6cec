/**
 * Gives an element the focus, unless something else has it, and no ring before a key is pressed: browsers draw
 * one around whatever a script gives the focus to. Answers how to stop.
 */
export function focusQuietly(element: HTMLElement): () => void {
  const stop = new AbortController();
  if (document.activeElement !== null && document.activeElement !== document.body) return () => {};
  const show = (): void => {
    element.classList.remove("quietly-focused");
    stop.abort();
  };
  element.classList.add("quietly-focused");
  element.focus({ preventScroll: true });
  element.addEventListener("keydown", show, { signal: stop.signal });
  element.addEventListener("blur", show, { signal: stop.signal });
  return show;
}
