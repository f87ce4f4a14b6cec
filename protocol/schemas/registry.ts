import { z } from "zod";

/** What is told of a named schema: its id in documents, what it is, and what one looks like. */
export interface WireMeta {
  readonly id: string;
  readonly description: string;
  readonly examples: readonly unknown[];
}

/** All that has a name on the wire. OpenAPI, AsyncAPI and the pinned wire are made from it. */
export const wire = z.registry<WireMeta>();

/** The JSON Schemas of everything registered, by id; `uri` makes the `$ref` to an id. */
export function wireJsonSchemas(uri: (id: string) => string): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(wire, {
    target: "draft-7",
    uri,
    // What is sent, before anything is filled in: objects of the gateway stay open to new fields.
    io: "input",
    override({ zodSchema, jsonSchema }) {
      const meta = wire.get(zodSchema);
      if (meta !== undefined && jsonSchema.$ref === undefined) {
        Object.assign(jsonSchema, { description: meta.description, examples: meta.examples });
      }
    },
  });
  return schemas;
}
