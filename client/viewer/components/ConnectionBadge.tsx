import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";
import type { LogModel } from "../models/log_model.ts";
import { connectionName } from "./connection_name.ts";

/** The connection's state in words, why it is not better, and a way to try again. */
export function ConnectionBadge({ model }: { readonly model: LogModel }) {
  const state = model.connection.value;
  const problem = model.problem.value;
  const name = connectionName(state, model.facts.end.value, model.facts.isRedacted.value);
  const cause = state.name === "waiting" ? state.cause : problem;
  const reason = cause === null ? "" : told(words.value, cause);
  const canRetry = name === "waiting" || name === "stopped";
  return (
    <span class="connection" role="status">
      <span class={`dot connection-${name}`} aria-hidden="true" />
      <span title={reason}>{words.value.connection[name]}</span>
      {name === "stopped" && <span class="problem-text">{reason}</span>}
      {canRetry && (
        <button type="button" class="quiet" onClick={() => model.reconnect()}>
          {words.value.reconnectNow}
        </button>
      )}
    </span>
  );
}
