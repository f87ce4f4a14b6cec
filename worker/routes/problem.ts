import { type Problem, problemTable, problemTitles } from "../../protocol/mod.ts";

/** A refusal as RFC 9457 has it; `code` is stable, `detail` is for people. */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  const { code, message, ...details } = problem;
  const { status } = problemTable[code];
  const body = {
    type: `urn:tailrace:problem:${code}`,
    title: problemTitles[code],
    status,
    detail: message,
    code,
    ...details,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(status === 401 && { "www-authenticate": 'Bearer realm="tailrace"' }),
      ...(problem.retryAfterMs !== undefined && {
        "retry-after": String(Math.ceil(problem.retryAfterMs / 1000)),
      }),
      ...headers,
    },
  });
}
