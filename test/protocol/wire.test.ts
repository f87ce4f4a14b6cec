import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { pingText, pongText, subprotocol } from "../../protocol/mod.ts";
import * as door from "../../protocol/schemas/mod.ts";
import { currentWire, type PinnedWire, pinnedFile, wireChange } from "./wire.ts";

const pinned = JSON.parse(readFileSync(new URL(pinnedFile, import.meta.url), "utf8")) as PinnedWire;

const { downFrame, pingFrame, pongFrame, upFrame, wire } = door;

/** Everything that the door exports under a name of the wire. */
const named = Object.values(door).filter(
  (each) => each instanceof z.ZodType && wire.has(each),
) as z.ZodType[];

describe("the wire", () => {
  test("[WIRE1] is as pinned for its version", () => {
    expect(wireChange(pinned, currentWire())).toBeNull();
  });

  test("[WIRE2] a change is told by schema, with what to do", () => {
    const changed = {
      ...pinned,
      schemas: { ...pinned.schemas, GapFrame: { type: "string" }, NewFrame: { type: "null" } },
    };
    const sentence = wireChange(pinned, changed);
    expect(sentence).toContain("GapFrame, NewFrame changed");
    expect(sentence).toContain("npx node test/protocol/pin_wire.ts");
    expect(sentence).toContain("protocol/version.ts");
  });

  test("[WIRE3] every frame has a name, a description and examples that are valid", () => {
    expect(named.map((schema) => wire.get(schema)?.id).sort()).toEqual(Object.keys(pinned.schemas).sort());
    for (const frame of [...upFrame.options, ...downFrame.options]) expect(named).toContain(frame);
    for (const schema of named) {
      const meta = wire.get(schema);
      expect(meta?.description).toMatch(/\S/);
      expect(meta?.examples.length).toBeGreaterThan(0);
      for (const example of meta?.examples ?? []) {
        expect(schema.safeParse(example), `an example of ${meta?.id}`).toMatchObject({ success: true });
      }
    }
  });

  test("[WIRE4] clients' frames are closed to unknown fields, the gateway's are open", () => {
    const { schemas } = currentWire();
    const schemaOf = (frame: z.ZodType): unknown => schemas[wire.get(frame)?.id ?? ""];
    for (const frame of upFrame.options) {
      expect(schemaOf(frame)).toMatchObject({ type: "object", additionalProperties: false });
    }
    for (const frame of downFrame.options) {
      expect(schemaOf(frame)).toMatchObject({ type: "object" });
      expect(schemaOf(frame)).not.toHaveProperty("additionalProperties");
    }
  });

  test("[WIRE5] ping, pong and the subprotocol are what clients send to the letter", () => {
    expect(JSON.stringify(pingFrame.parse(JSON.parse(pingText)))).toBe(pingText);
    expect(JSON.stringify(pongFrame.parse(JSON.parse(pongText)))).toBe(pongText);
    expect(subprotocol).toBe("tailrace.v1");
  });
});
