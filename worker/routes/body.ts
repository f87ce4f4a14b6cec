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

/** Reads a body of at most `maxBytes`. What is longer is refused by its announced length, else where it passes. */
export async function readBody(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maxBytes) return tooLarge(announced, maxBytes);
  if (request.body === null) return ok(new Uint8Array());
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      return tooLarge(bytes, maxBytes);
    }
    pieces.push(read.value);
  }
  return ok(join(pieces, bytes));
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
    `The body has ${bytes.toLocaleString("en")} bytes or more and the limit is ${maxBytes.toLocaleString("en")}.`,
    { expected: maxBytes },
  );
}
