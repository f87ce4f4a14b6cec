import { counted } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";

/** What came while the reader was elsewhere, and the way there. */
export function NewLinesPill({ model }: { readonly model: LogModel }) {
  const { lines, errors } = model.view.unseen.value;
  if (model.view.following.value || lines === 0) return null;
  const { newLines, withErrors, toNewest } = words.value;
  return (
    <button type="button" class="pill" title={toNewest} onClick={() => model.view.follow()}>
      <span aria-hidden="true">↓ </span>
      {counted(words.value, newLines, lines)}
      {errors > 0 && <b class="pill-errors"> {counted(words.value, withErrors, errors)}</b>}
    </button>
  );
}
