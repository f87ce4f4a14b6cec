import type { Status } from "../../../protocol/mod.ts";
import { words } from "../i18n/language.ts";

const marks: Record<Status, string> = {
  waiting: "○",
  running: "●",
  success: "✓",
  failure: "✕",
  cancelled: "⊘",
  expired: "◷",
};

/** A status by mark, word and colour. */
export function StatusBadge({ status }: { readonly status: Status }) {
  return (
    <span class={`badge status-${status}`}>
      <span aria-hidden="true">{marks[status]}</span> {words.value.statusNames[status]}
    </span>
  );
}
