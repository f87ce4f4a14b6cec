import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noStage } from "../../client/viewer/models/line_chunk.ts";
import type { RowLayout } from "../../client/viewer/rows/row_layout.ts";
import {
  drawnRange,
  lastTop,
  maxDrawnRows,
  maxScrollHeight,
  rowHeight,
  scaleOf,
  scrollTopOf,
  topOf,
} from "../../client/viewer/rows/scale.ts";
import { ScrollPosition } from "../../client/viewer/rows/scroll_position.ts";
import { Sections } from "../../client/viewer/rows/sections.ts";

const rowCounts = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5_000_000 }));
const viewports = fc.integer({ min: 1, max: 6_000 });

describe("[VRT1] scale", () => {
  test("what scrolls is never higher than browsers allow, and exact while it fits", () => {
    fc.assert(
      fc.property(rowCounts, viewports, (rows, viewport) => {
        const scale = scaleOf(rows, viewport);
        expect(scale.scrollHeight).toBeLessThanOrEqual(maxScrollHeight);
        if (scale.height <= maxScrollHeight) expect(topOf(scale, 123)).toBe(Math.min(123, lastTop(scale)));
      }),
    );
  });

  test("a place becomes a scroll place and comes back", () => {
    fc.assert(
      fc.property(
        rowCounts,
        viewports,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, viewport, share) => {
          const scale = scaleOf(rows, viewport);
          const top = share * lastTop(scale);
          const scrollTop = scrollTopOf(scale, top);
          expect(scrollTop).toBeGreaterThanOrEqual(0);
          expect(scrollTop).toBeLessThanOrEqual(Math.max(0, scale.scrollHeight - viewport));
          expect(topOf(scale, scrollTop)).toBeCloseTo(top, 3);
        },
      ),
    );
  });

  test("every row is in sight at some whole pixel of the scroll bar", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000_000 }),
        fc.integer({ min: 100, max: 2_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, viewport, share) => {
          const scale = scaleOf(rows, viewport);
          const row = Math.min(rows - 1, Math.floor(share * rows));
          const wanted = Math.min(row * rowHeight, lastTop(scale));
          const top = topOf(scale, Math.floor(scrollTopOf(scale, wanted)));
          expect(row * rowHeight).toBeGreaterThan(top - rowHeight);
          expect((row + 1) * rowHeight).toBeLessThanOrEqual(top + viewport + rowHeight);
        },
      ),
    );
  });

  test("a drawn range holds what is in sight, and never more rows than its bound", () => {
    fc.assert(
      fc.property(
        rowCounts,
        viewports,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, viewport, share) => {
          const top = share * lastTop(scaleOf(rows, viewport));
          const { first, end } = drawnRange(rows, top, viewport);
          expect(end - first).toBeLessThanOrEqual(maxDrawnRows);
          expect(end).toBeLessThanOrEqual(rows);
          if (rows === 0) return;
          expect(first).toBeLessThanOrEqual(Math.floor(top / rowHeight));
          const inSight = Math.min(rows, Math.ceil((top + viewport) / rowHeight));
          if (viewport <= (maxDrawnRows - 2) * rowHeight) expect(end).toBeGreaterThanOrEqual(inSight);
        },
      ),
    );
  });
});

/** A layout written out in full, to compare with. */
function written(stages: readonly number[], folded: ReadonlySet<number>, base: number): string[] {
  const rows = base > 0 ? ["dropped"] : [];
  for (let row = base; row < stages.length; row++) {
    const stage = stages[row] ?? noStage;
    const begins = row === base || stages[row - 1] !== stage;
    if (begins && stage !== noStage) rows.push(`stage ${stage} ${row}`);
    if (stage === noStage || !folded.has(stage)) rows.push(`row ${row}`);
  }
  return rows;
}

function shown(layout: RowLayout): string[] {
  return Array.from({ length: layout.count }, (_, index) => {
    const row = layout.at(index);
    if (row === null || row.kind === "dropped") return row?.kind ?? "nothing";
    return row.kind === "stage" ? `stage ${row.stage} ${row.row}` : `row ${row.row}`;
  });
}

describe("[VRT2] sections", () => {
  const cases = fc.record({
    stages: fc.array(fc.constantFrom(0, 1, 2, noStage), { maxLength: 60 }),
    folded: fc.uniqueArray(fc.constantFrom(0, 1, 2)),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
  });

  test("any rows, folded and dropped in any order, show as written out", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ stages, folded, share }, foldFirst) => {
        const sections = new Sections();
        if (foldFirst) sections.setFolded(folded, true);
        for (const stage of stages) sections.append(stage);
        if (!foldFirst) sections.setFolded(folded, true);
        expect(shown(sections)).toEqual(written(stages, new Set(folded), 0));
        const base = Math.floor(share * stages.length);
        sections.trim(base);
        expect(shown(sections)).toEqual(written(stages, new Set(folded), base));
        sections.append(1);
        expect(shown(sections)).toEqual(written([...stages, 1], new Set(folded), base));
        expect(sections.at(sections.count)).toBeNull();
        expect(sections.at(-1)).toBeNull();
      }),
    );
  });

  test("indexOf() undoes at(), and gives a folded row its head", () => {
    fc.assert(
      fc.property(cases, ({ stages, folded }) => {
        const sections = new Sections();
        for (const stage of stages) sections.append(stage);
        sections.setFolded(folded, true);
        for (let index = 0; index < sections.count; index++) {
          expect(sections.indexOf(sections.at(index) ?? { kind: "dropped" })).toBe(index);
        }
        for (const [row, stage] of stages.entries()) {
          const found = sections.at(sections.indexOf({ kind: "row", row }));
          if (new Set<number>(folded).has(stage)) expect(found).toMatchObject({ kind: "stage", stage });
          else {
            const isAfterStage = stage === noStage && row > 0 && stages[row - 1] !== noStage;
            expect(found).toEqual({ kind: "row", row, ...(isAfterStage && { afterStage: true }) });
          }
        }
      }),
    );
  });
});

describe("[VRT3] the reader's place", () => {
  const viewport = 400;

  function read(rows: number): { sections: Sections; position: ScrollPosition; add: (more: number) => void } {
    const sections = new Sections();
    const position = new ScrollPosition(sections);
    const add = (more: number): void =>
      position.change(() => {
        for (let row = 0; row < more; row++) sections.append(noStage);
        return sections;
      });
    position.resize(viewport);
    add(rows);
    return { sections, position, add };
  }

  test("follows the end until the reader scrolls up", () => {
    const { position, add } = read(100);
    expect(position.top).toBe(100 * rowHeight - viewport);
    add(50);
    expect(position.top).toBe(150 * rowHeight - viewport);
    position.scrolled(1_000);
    expect(position.following).toBe(false);
    add(10_000);
    expect(position.top).toBe(1_000);
  });

  test("follows again from two rows before the end, on the way down only", () => {
    const { position } = read(100);
    const end = 100 * rowHeight - viewport;
    position.scrolled(end - 3 * rowHeight);
    expect(position.following).toBe(false);
    position.scrolled(end - 2 * rowHeight);
    expect(position.following).toBe(true);
    position.turnedUp();
    position.scrolled(end - 3 * rowHeight);
    position.scrolled(end - 3 * rowHeight - 1);
    expect(position.following).toBe(false);
  });

  test("a wheel turned up stops following before a pixel has moved; a log that fits is not scrolled", () => {
    const long = read(100).position;
    long.turnedUp();
    expect(long.following).toBe(false);
    const short = read(3).position;
    short.turnedUp();
    expect(short.following).toBe(true);
  });

  test("a glide down that was under way when the reader turned up does not follow; a turn down does", () => {
    const { position } = read(100);
    const end = 100 * rowHeight - viewport;
    position.scrolled(0);
    position.scrolled(1_000);
    position.turnedUp();
    position.scrolled(1_200);
    position.scrolled(end - 2 * rowHeight);
    expect(position.following).toBe(false);
    expect(position.top).toBe(end - 2 * rowHeight);
    position.turnedDown();
    position.scrolled(end - rowHeight);
    expect(position.following).toBe(true);
    expect(position.top).toBe(end - rowHeight);
    position.turnedUp();
    position.follow();
    position.scrolled(0);
    position.scrolled(end);
    expect(position.following).toBe(true);
  });

  test("what was set and comes back rounded is no movement", () => {
    const { position } = read(2_000_000);
    expect(position.scrolled(Math.round(position.scrollTop))).toBe(false);
    expect(position.following).toBe(true);
  });

  test("rows that are dropped or folded above leave the row in sight where it is", () => {
    const sections = new Sections();
    const position = new ScrollPosition(sections);
    position.resize(viewport);
    position.change(() => {
      for (let row = 0; row < 5_000; row++) sections.append(row < 2_000 ? 0 : 1);
      return sections;
    });
    position.scrolled(3_000 * rowHeight + 7);
    const inSight = (): unknown => [
      sections.at(Math.floor(position.top / rowHeight)),
      position.top % rowHeight,
    ];
    const before = inSight();
    position.change(() => {
      sections.setFolded([0], true);
      return sections;
    });
    expect(inSight()).toEqual(before);
    position.change(() => {
      sections.trim(1_024);
      return sections;
    });
    expect(inSight()).toEqual(before);
  });

  test("10,000 appends under compression move nothing", () => {
    const { position, add } = read(1_500_000);
    position.scrolled(8_000_000);
    const top = position.top;
    for (let i = 0; i < 10_000; i++) add(10);
    expect(position.top).toBe(top);
    expect(topOf(position.scale, position.scrollTop)).toBeCloseTo(top, 3);
  });

  test("goTo() brings a row into sight, and leaves one in sight where it is", () => {
    const { position } = read(10_000);
    position.goTo(5_000);
    expect(position.top).toBeLessThan(5_000 * rowHeight);
    expect(position.top + viewport).toBeGreaterThan(5_001 * rowHeight);
    const { top } = position;
    position.goTo(5_001);
    expect(position.top).toBe(top);
    position.goTo(0);
    expect(position.top).toBe(0);
  });
});
