/** The wire's schemas: for Workers, documents and tests. Browsers use the plain types and hand decoders. */

export * from "./batch.ts";
export * from "./down.ts";
export * from "./entry.ts";
export * from "./filter.ts";
export * from "./frames/commanding.ts";
export * from "./frames/producing.ts";
export * from "./frames/reading.ts";
export * from "./frames/session.ts";
export * from "./frames/state.ts";
export * from "./frames/subscription.ts";
export * from "./json.ts";
export * from "./names.ts";
export * from "./problem.ts";
export * from "./registry.ts";
export * from "./summary.ts";
export * from "./up.ts";
