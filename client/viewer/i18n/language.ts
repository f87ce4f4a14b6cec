import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { type Dictionary, en } from "./en.ts";
import { zh } from "./zh.ts";

const dictionaries = { en, zh } as const;
export type Language = keyof typeof dictionaries;

const chosen = signal<Language>("en");

export const language: ReadonlySignal<Language> = chosen;
/** The dictionary of the language chosen. */
export const words: ReadonlySignal<Dictionary> = computed(() => dictionaries[chosen.value]);

export function setLanguage(next: Language): void {
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
