/** The wire: types, hand decoders and pure rules. No schema library, so that browsers can bundle it. */

export * from "./audit.ts";
export * from "./channel_name.ts";
export * from "./code_texts.ts";
export * from "./codes.ts";
export * from "./commands.ts";
export * from "./crc32.ts";
export * from "./decode_down.ts";
export * from "./decode_entry.ts";
export * from "./decode_up.ts";
export * from "./entry.ts";
export * from "./error_frame.ts";
export * from "./fields.ts";
export * from "./filter.ts";
export * from "./frame_too_large.ts";
export * from "./frames/down.ts";
export * from "./frames/up.ts";
export * from "./json.ts";
export * from "./limit_table.ts";
export * from "./limits.ts";
export * from "./lines.ts";
export * from "./proof.ts";
export * from "./rest.ts";
export * from "./stage_markers.ts";
export * from "./summary.ts";
export * from "./utf8.ts";
export * from "./version.ts";
