import { proxyDurable } from "itty-durable/proxy-durable";
import type { ThrottleCalls, ThrottleVerdict } from "../core/contract.ts";
import type { Env } from "./env.ts";

/** The one place that calls a throttle. Its calls travel as headers of a request made here. */

/** Hex digits, so that a call's header can carry it; 64 bits of the HMAC, of which the first four choose the object. */
const keyChars = 16;

const encoder = new TextEncoder();

/** A key for `name`: whoever reads what is stored learns no address and no subject from it without the secret. */
export async function throttleKey(secret: string, name: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign(algorithm.name, key, encoder.encode(`throttle ${name}`));
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").slice(0, keyChars);
}

/** Sixteen objects share all keys: one for each would be an object for every address that attacks. */
export function throttleName(key: string): string {
  return `failures-${key.charAt(0)}`;
}

/** Counts a failure. */
export async function countFailure(env: Env, key: string, perMinute: number): Promise<ThrottleVerdict> {
  const throttle: ThrottleCalls = proxyDurable(env.THROTTLE, { parse: true }).get(throttleName(key));
  return throttle.fail(key, perMinute);
}
