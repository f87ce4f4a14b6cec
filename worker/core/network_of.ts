const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What an address is counted as: an IPv4 address itself, an IPv6 one by its first 64 bits. That is what one line
 * is given (RFC 6177), and whoever has it chooses the other 64 freely.
 */
export function networkOf(address: string): string {
  const [, v4] = mapped.exec(address) ?? [];
  if (v4 !== undefined) return v4;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const left = groupsOf(head);
  const right = groupsOf(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
}

/** Groups of hex digits without leading zeros, so that every spelling of an address gives the same. */
function groupsOf(text: string): string[] {
  if (text === "") return [];
  return text.split(":").map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
}
