import { type Result, refuse } from "../../../protocol/mod.ts";

/** A store may refuse any change: then nothing has changed, and it can be asked again. */
export function guarded<T>(change: () => Result<T>): Result<T> {
  try {
    return change();
  } catch {
    return refuse("storage_failed", "The change could not be stored. Send it again.", {
      retryAfterMs: 1_000,
    });
  }
}
