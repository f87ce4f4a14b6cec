/** Calls `wake` when a connection is likely to work again; the returned function ends that. */
export type WatchWakes = (wake: () => void) => () => void;

/** In a browser: back online, or the page is looked at again. Elsewhere nothing happens. */
export const browserWakes: WatchWakes = (wake) => {
  if (typeof globalThis.addEventListener !== "function") return () => {};
  const page = pageOf(globalThis);
  const onVisible = (): void => {
    if (page !== null && "visibilityState" in page && page.visibilityState === "visible") wake();
  };
  globalThis.addEventListener("online", wake);
  page?.addEventListener("visibilitychange", onVisible);
  return () => {
    globalThis.removeEventListener("online", wake);
    page?.removeEventListener("visibilitychange", onVisible);
  };
};

/** A browser's `document`: where there are no pages the word is not even a type. */
function pageOf(platform: object): EventTarget | null {
  return "document" in platform && platform.document instanceof EventTarget ? platform.document : null;
}
