import { limits } from "./limits.ts";

/** What a line says about stages. */
export type StageMarker = { readonly kind: "begin"; readonly name: string } | { readonly kind: "end" };

/**
 * Reads the workflow commands `::group::NAME` and `::endgroup::` as GitHub Actions defines them: at the line's
 * start after white space, the name of the command in any case, `%0D %0A %25` unescaped, `%25` last.
 */
export function parseStageMarker(line: string): StageMarker | null {
  const found = /^\s*::(group|endgroup)(?:\s[^:]*)?::(.*)$/is.exec(line);
  if (found === null) return null;
  if (found[1]?.toLowerCase() === "endgroup") return { kind: "end" };
  const name = (found[2] ?? "")
    .replaceAll(/%0D/gi, "\r")
    .replaceAll(/%0A/gi, "\n")
    .replaceAll("%25", "%")
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, limits.stageChars)
    .toWellFormed();
  return { kind: "begin", name: name === "" ? "group" : name };
}
