import { ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** A body's media type, without parameters, checked against those that a route takes. */
export function checkContentType(request: Request, allowed: readonly string[]): Result<string> {
  const header = request.headers.get("content-type");
  const [type = "", ...parameters] = (header ?? "").split(";").map((part) => part.trim().toLowerCase());
  if (!allowed.includes(type)) {
    const found =
      header === null ? "The request has no Content-Type" : `The Content-Type is ${quote(header)}`;
    return refuse("unsupported_content_type", `${found}. Allowed: ${allowed.join(", ")}.`);
  }
  const charset = parameters.find((part) => part.startsWith("charset="))?.slice("charset=".length);
  if (charset !== undefined && !/^"?utf-?8"?$/.test(charset)) {
    return refuse("unsupported_content_type", `The charset is ${quote(charset)}. Allowed: utf-8.`);
  }
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    return refuse("unsupported_content_type", `The Content-Encoding is ${quote(encoding)}. Allowed: none.`);
  }
  return ok(type);
}

/**
 * How much of a body that is too long is read and thrown away, in bytes. A client that is still writing when the
 * connection closes sees a broken pipe and not the refusal.
 */
const maxDrainedBytes = 32 * 1024 * 1024;

/** Reads a body of at most `maxBytes`. One that is longer is refused once it has been sent. */
export async function readBody(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  if (request.body === null) return ok(new Uint8Array());
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.byteLength;
    if (bytes <= maxBytes) pieces.push(read.value);
    else pieces.length = 0;
    if (bytes > maxDrainedBytes) {
      await reader.cancel();
      break;
    }
  }
  return bytes > maxBytes ? tooLarge(bytes, maxBytes) : ok(join(pieces, bytes));
}

function join(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function tooLarge(bytes: number, maxBytes: number): Result<never> {
  return refuse(
    "body_too_large",
    `The body has ${bytes.toLocaleString("en")} bytes and the limit is ${maxBytes.toLocaleString("en")}.`,
    { expected: maxBytes },
  );
}
