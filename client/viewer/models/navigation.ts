import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { type Route, routeOf } from "./routes.ts";

/** The address as a signal, and links that change it without loading the page anew. */
export class Navigation {
  readonly #window: Window;
  readonly #url = signal(new URL("http://localhost/"));

  readonly url: ReadonlySignal<URL> = this.#url;
  readonly route: ReadonlySignal<Route> = computed(() => routeOf(this.#url.value));

  constructor(host: Window) {
    this.#window = host;
    this.#read();
    host.addEventListener("popstate", () => this.#read());
    host.addEventListener("hashchange", () => this.#read());
    host.document.addEventListener("click", (event) => this.#click(event));
  }

  go(path: string): void {
    this.#window.history.pushState(null, "", path);
    this.#read();
    this.#window.scrollTo(0, 0);
  }

  replace(path: string): void {
    this.#window.history.replaceState(null, "", path);
    this.#read();
  }

  #read(): void {
    this.#url.value = new URL(this.#window.location.href);
  }

  /** A plain click on a link to another page of the viewer; all others are the browser's. */
  #click(event: MouseEvent): void {
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!isPlain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    const url = new URL(link.href);
    const isElsewhere = url.origin !== this.#url.value.origin || link.target !== "" || link.download !== "";
    const isWithinPage = url.pathname === this.#url.value.pathname && url.hash !== "";
    if (isElsewhere || isWithinPage || routeOf(url).page === "notFound") return;
    event.preventDefault();
    this.go(`${url.pathname}${url.search}${url.hash}`);
  }
}
