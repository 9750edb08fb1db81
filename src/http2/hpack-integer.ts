/**
 * Integers of RFC 7541 (5.1): a prefix of some bits in the first byte, and where that is all ones, further bytes of seven bits each.
 */

/** Further bytes that are read. More can only be zeros, or a number that nothing here has a use for. */
const FURTHER_BYTES_MAX = 5;

/** A block of header fields, read from its start; one reader, reused. */
export class HpackReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** The next byte to read. */
  at = 0;
  end = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /**
   * Reads the integer that begins in the next byte.
   *
   * @param prefixMask the prefix's bits: 0x7f for one of seven.
   * @returns the number, below 2^36; -1 where it is cut off or too long.
   */
  integer(prefixMask: number): number {
    if (this.at >= this.end) return -1;
    const prefix = this.bytes[this.at++]! & prefixMask;
    return prefix < prefixMask ? prefix : this.#further(prefixMask);
  }

  #further(prefixMask: number): number {
    let value = prefixMask;
    let unit = 1; // a product, not a shift: the fifth byte reaches beyond 32 bits
    const last = Math.min(this.end, this.at + FURTHER_BYTES_MAX);
    while (this.at < last) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 128;
    }
    return -1;
  }
}

/** Bytes that `value` takes after a prefix of the given mask, the prefix's byte among them. */
export function integerBytes(value: number, prefixMask: number): number {
  if (value < prefixMask) return 1;
  let bytes = 2;
  for (let rest = value - prefixMask; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/**
 * Writes an integer; returns where the next byte goes.
 *
 * @param flags what the first byte has above the prefix.
 */
export function writeInteger(
  value: number,
  prefixMask: number,
  flags: number,
  into: Uint8Array,
  start: number,
): number {
  let next = start;
  if (value < prefixMask) {
    into[next++] = flags | value;
    return next;
  }
  into[next++] = flags | prefixMask;
  let rest = value - prefixMask;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) into[next++] = 0x80 | (rest % 128);
  into[next++] = rest;
  return next;
}
