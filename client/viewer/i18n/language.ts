import { type ReadonlySignal, signal } from "@preact/signals";
import { type Dictionary, en } from "./en.ts";

export type Language = "en" | "zh";

const chosen = signal<Language>("en");
const dictionary = signal<Dictionary>(en);

export const language: ReadonlySignal<Language> = chosen;
/** The dictionary of the language chosen. */
export const words: ReadonlySignal<Dictionary> = dictionary;

/** What keeps the choice between visits. Answering may throw, where a browser forbids it. */
export type ChoiceStorage = () => Pick<Storage, "getItem" | "setItem">;

const storageKey = "tailrace/language";

/** The language chosen on an earlier visit; null without one. */
export function savedLanguage(storage: ChoiceStorage): Language | null {
  try {
    const saved = storage().getItem(storageKey);
    return saved === "en" || saved === "zh" ? saved : null;
  } catch {
    return null;
  }
}

/** Chooses a language and keeps the choice, where the browser lets it. */
export async function chooseLanguage(next: Language, storage: ChoiceStorage): Promise<void> {
  await setLanguage(next);
  try {
    storage().setItem(storageKey, next);
  } catch {
    // The choice holds for this visit.
  }
}

/** Shows the pages in a language; English comes with the page, others are loaded. One that cannot be loaded is not chosen. */
export async function setLanguage(next: Language): Promise<void> {
  const loaded = next === "en" ? en : await import("./zh.ts").then(({ zh }) => zh).catch(() => null);
  if (loaded === null) return;
  dictionary.value = loaded;
  chosen.value = next;
}

/** The first of a browser's languages that there is a dictionary for; else English. */
export function preferredLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh" || primary === "en") return primary;
  }
  return "en";
}
