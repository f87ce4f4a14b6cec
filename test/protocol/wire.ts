import { isDeepStrictEqual } from "node:util";
import { wireVersion } from "../../protocol/mod.ts";
import { wireJsonSchemas } from "../../protocol/schemas/mod.ts";

/** What one version of the wire is: the JSON Schema of all that has a name on it. */
export interface PinnedWire {
  readonly wireVersion: number;
  readonly schemas: Readonly<Record<string, unknown>>;
}

export const pinnedFile = `wire.v${wireVersion}.json`;

/** The wire as the schemas have it now; descriptions and examples may change without it. */
export function currentWire(): PinnedWire {
  const schemas = wireJsonSchemas((id) => `#/schemas/${id}`);
  return {
    wireVersion,
    schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, shapeOf(schema)])),
  };
}

function shapeOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(shapeOf);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) => !(key === "description" && typeof value === "string") && key !== "examples",
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, shapeOf(value)]));
}

/** One sentence when the wire is not as pinned; null when it is. */
export function wireChange(pinned: PinnedWire, current: PinnedWire): string | null {
  const ids = new Set([...Object.keys(pinned.schemas), ...Object.keys(current.schemas)]);
  const changed = [...ids].filter((id) => !isDeepStrictEqual(pinned.schemas[id], current.schemas[id])).sort();
  if (changed.length === 0 && pinned.wireVersion === current.wireVersion) return null;
  return (
    `The wire is no longer as test/protocol/${pinnedFile} pins it: ${changed.join(", ")} changed. ` +
    "If clients and gateways of this version still understand each other (a new frame, a new optional field), " +
    "run `npx node test/protocol/pin_wire.ts`; else raise wireVersion in protocol/version.ts first."
  );
}
