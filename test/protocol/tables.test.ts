import { describe, expect, test } from "vitest";
import {
  closeCodes,
  type Limit,
  limits,
  limitTable,
  problemTable,
  problemTitles,
  reactionTo,
  refuse,
} from "../../protocol/mod.ts";
import { closeCode, problemBody, problemCode } from "../../protocol/schemas/mod.ts";

const problems = Object.entries(problemTable);

describe("codes", () => {
  test("[COD1] every problem closes a socket with a code of the table", () => {
    const known: readonly number[] = Object.values(closeCodes).map(({ code }) => code);
    for (const [code, problem] of problems) expect(known, code).toContain(problem.close);
  });

  test("[COD2] problem codes are words, and titles are unique", () => {
    for (const [code] of problems) expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    const titles = Object.values(problemTitles);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test("[COD3] status and close code agree on whose fault it is", () => {
    for (const [code, { status, close }] of problems) {
      const isOurs = status >= 500;
      expect(isOurs, `${code}: ${status} and ${close}`).toBe(close >= 4500);
      expect(status === 429, `${code}: ${status} and ${close}`).toBe(close === 4429);
      expect(status === 401, `${code}: ${status} and ${close}`).toBe(close === 4401);
      expect(status === 403, `${code}: ${status} and ${close}`).toBe(close === 4403);
    }
  });

  test.each([
    [1000, "stop"],
    [1001, "retry"],
    [1006, "retry"],
    [1012, "retry"],
    [4400, "stop"],
    [4401, "renew"],
    [4403, "stop"],
    [4406, "stop"],
    [4408, "retry"],
    [4409, "stop"],
    [4429, "retry"],
    [4500, "retry"],
    [4503, "retry"],
    [4999, "retry"],
  ])("[COD4] a client closed with %d does this: %s", (code, reaction) => {
    expect(reactionTo(code)).toBe(reaction);
  });

  test("[COD5] close codes are unique, may be sent, and are the schema's", () => {
    const codes = Object.values(closeCodes).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) {
      expect(code === 1000 || (code >= 4000 && code <= 4999)).toBe(true);
      expect(closeCode.safeParse(code).success).toBe(true);
    }
    expect(closeCode.safeParse(1006).success).toBe(false);
  });

  test("[COD6] a refusal is a value that RFC 9457's body can carry", () => {
    const refused = refuse("sequence_hole", "Batch 7 came and 5 was expected.", { expected: 5, received: 7 });
    if (refused.ok) throw new Error("a refusal was ok");
    const { message, code, ...details } = refused.problem;
    const { status } = problemTable[code];
    const body = {
      type: "about:blank",
      title: problemTitles[code],
      status,
      detail: message,
      code,
      ...details,
    };
    expect(problemBody.parse(body)).toEqual(body);
    expect(problemCode.safeParse(code).success).toBe(true);
  });
});

describe("limits", () => {
  test.each(Object.entries<Limit>(limitTable))(
    "[LIM1] %s has a value, a unit and a reason",
    (name, limit) => {
      expect(Number.isSafeInteger(limit.value) && limit.value > 0).toBe(true);
      expect(limit.unit).toMatch(/\S/);
      expect(limit.reason.length).toBeGreaterThan(10);
      expect(limits).toHaveProperty(name, limit.value);
    },
  );

  test("[LIM2] are those of the design", () => {
    expect(limits).toMatchObject({
      batchEntries: 5_000,
      batchBytes: 4 * 1024 * 1024,
      entryBytes: 128 * 1024,
      lineBytes: 64 * 1024,
      stages: 1_000,
      chunkBytes: 4 * 1024,
      frameBytes: 64 * 1024,
      rowBytes: 256 * 1024,
      windowMinBytes: 8 * 1024,
      windowMaxBytes: 1024 * 1024,
      windowTotalBytes: 48 * 1024 * 1024,
      legWindowBytes: 256 * 1024,
      directViewers: 2_000,
      historyEntries: 5_000,
      historyWaitSeconds: 60,
      flushMaxMs: 250,
      owedAckMs: 30_000,
    });
  });

  test("[LIM3] fit into each other", () => {
    expect(limits.chunkBytes).toBeLessThanOrEqual(limits.windowMinBytes / 2);
    expect(limits.lineBytes).toBeLessThan(limits.entryBytes);
    expect(limits.entryBytes).toBeLessThanOrEqual(limits.rowBytes);
    expect(limits.rowBytes).toBeLessThan(2_000_000);
    expect(limits.windowMaxBytes).toBeLessThan(limits.windowTotalBytes);
  });
});
