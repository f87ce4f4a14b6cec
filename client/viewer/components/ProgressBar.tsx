import { words } from "../i18n/language.ts";

/** How far something is, in percent. */
export function ProgressBar({ percent }: { readonly percent: number }) {
  const value = Math.min(100, Math.max(0, percent));
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={words.value.progress}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(value)}
    >
      <div style={{ width: `${value}%` }} />
    </div>
  );
}
