import { words } from "../i18n/language.ts";
import { useTitle } from "./use_title.ts";

export function NotFoundPage() {
  const { notFound, notFoundHint, toChannels } = words.value;
  useTitle(notFound);
  return (
    <main class="page narrow">
      <section class="card">
        <h1>{notFound}</h1>
        <p>{notFoundHint}</p>
        <a class="button primary" href="/builds">
          {toChannels}
        </a>
      </section>
    </main>
  );
}
