/** Anybody can send this header; where Cloudflare took the request, and says so in `cf`, it is Cloudflare's. */
export function clientAddress(request: Request): string | null {
  const { cf } = request as { readonly cf?: unknown };
  return cf === undefined || cf === null ? null : request.headers.get("cf-connecting-ip");
}
