/**
 * CRC-32 (IEEE 802.3, reflected, as in gzip and PNG) over bytes, and the CRC of a text from those of its
 * parts. Slicing by eight: eight tables, eight bytes a step.
 */

const POLYNOMIAL = 0xedb88320;
const TABLES = makeTables();

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0] as Int32Array;
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[n] = crc;
  }
  for (let t = 1; t < 8; t++) {
    for (let n = 0; n < 256; n++) {
      const previous = tables[t - 1]?.[n] ?? 0;
      (tables[t] as Int32Array)[n] = (previous >>> 8) ^ (first[previous & 0xff] ?? 0);
    }
  }
  return tables;
}

/** The CRC of `bytes[0, length)`, going on from `crc` (0 for none). Unsigned 32 bits. */
export function crc32(bytes: Uint8Array, crc = 0, length = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let c = ~crc;
  let i = 0;
  const at = (index: number): number => bytes[index] as number;
  for (; i + 8 <= length; i += 8) {
    c ^= at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    c =
      (t7[c & 0xff] as number) ^
      (t6[(c >>> 8) & 0xff] as number) ^
      (t5[(c >>> 16) & 0xff] as number) ^
      (t4[c >>> 24] as number) ^
      (t3[at(i + 4)] as number) ^
      (t2[at(i + 5)] as number) ^
      (t1[at(i + 6)] as number) ^
      (t0[at(i + 7)] as number);
  }
  for (; i < length; i++) c = (c >>> 8) ^ (t0[(c ^ at(i)) & 0xff] as number);
  return ~c >>> 0;
}

/** The CRC of a text AB from those of A and B; `bytesOfB` is B's length. 32 steps at the most. */
export function crc32Combine(crcOfA: number, crcOfB: number, bytesOfB: number): number {
  let factor = 1 << 31; // x^0, in the reflected order
  let power = 1 << 23; // x^8: one byte
  for (let n = bytesOfB; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) factor = multiply(power, factor);
    power = multiply(power, power);
  }
  return (multiply(factor, crcOfA) ^ crcOfB) >>> 0;
}

/** The product of two polynomials modulo the CRC's, both in reflected bit order. */
function multiply(a: number, b: number): number {
  let product = 0;
  let rest = b;
  for (let mask = 1 << 31; mask !== 0; mask >>>= 1) {
    if (a & mask) product ^= rest;
    rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  }
  return product;
}

/** Eight hex digits, as on the wire. */
export function crc32Hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
