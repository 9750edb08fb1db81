/** Reading an IP address from ASCII bytes into four words; text and the bytes of a request go through the same reader. */

/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255` */
export const ADDRESS_TEXT_MAX_CHARS = 45;

/** Rewrites an IPv4-mapped address in place to IPv4; returns the family it has now. */
export function unmap(family: 4 | 6, words: Uint32Array): 4 | 6 {
  if (family === 4) return 4;
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6;
  words[0] = words[3]!;
  words[2] = 0;
  words[3] = 0;
  return 4;
}

/** The address as it is written, mapped or not; 0 where the bytes are none. Fills all four words, allocates nothing. */
export function readUnmapped(bytes: Uint8Array, start: number, end: number, words: Uint32Array): 0 | 4 | 6 {
  const length = end - start;
  if (length < 2 || length > ADDRESS_TEXT_MAX_CHARS) return 0;
  words.fill(0);
  // A colon among the first five characters tells the families apart: no IPv4 octet or IPv6 group is longer than four.
  for (let index = start; index < end && index < start + 5; index++) {
    if (bytes[index] === COLON) return readIpv6(bytes, start, end, words) ? 6 : 0;
  }
  return readIpv4(bytes, start, end, words, 0) ? 4 : 0;
}

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

/** Reads exactly four octets into `words[word]`. */
function readIpv4(bytes: Uint8Array, start: number, end: number, words: Uint32Array, word: number): boolean {
  let value = 0;
  let octet = -1;
  let octetCount = 0;
  for (let index = start; index <= end; index++) {
    const byte = index < end ? bytes[index]! : DOT;
    if (byte === DOT) {
      if (octet === -1 || octetCount === 4) return false;
      value = (value << 8) | octet;
      octet = -1;
      octetCount++;
      continue;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9 || octet === 0) return false; // a digit after a leading zero
    octet = octet === -1 ? digit : octet * 10 + digit;
    if (octet > 255) return false;
  }
  words[word] = value;
  return octetCount === 4;
}

/** Reads up to eight groups of 16 bits with at most one `::`; the last two may be dotted. */
function readIpv6(bytes: Uint8Array, start: number, end: number, words: Uint32Array): boolean {
  let groupCount = 0;
  let gapAt = -1;
  let index = start;
  if (bytes[index] === COLON) {
    if (bytes[index + 1] !== COLON || index + 1 >= end) return false;
    gapAt = 0;
    index += 2;
  }
  while (index < end) {
    if (groupCount === 8) return false;
    let group = 0;
    const groupStart = index;
    while (index < end) {
      const digit = hexDigit(bytes[index]!);
      if (digit === -1) break;
      if (index - groupStart === 4) return false;
      group = (group << 4) | digit;
      index++;
    }
    if (index < end && bytes[index] === DOT) {
      if (groupCount > 6 || !readDotted(bytes, groupStart, end, words, groupCount)) return false;
      groupCount += 2;
      break;
    }
    if (index === groupStart) return false;
    setGroup(words, groupCount, group);
    groupCount++;
    if (index === end) break;
    if (bytes[index] !== COLON) return false;
    index++;
    if (index === end) return false; // a single colon at the end
    if (bytes[index] === COLON) {
      if (gapAt !== -1) return false;
      gapAt = groupCount;
      index++;
    }
  }
  if (gapAt === -1) return groupCount === 8;
  if (groupCount === 8) return false; // `::` stands for one group at least
  spreadGap(words, gapAt, groupCount);
  return true;
}

function hexDigit(byte: number): number {
  const digit = byte - ZERO;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (byte | 0x20) - 0x61; // a–f in either case
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

/** Groups are the eight halves of the four words. */
function setGroup(words: Uint32Array, group: number, value: number): void {
  const word = group >> 1;
  const old = words[word]!;
  words[word] = (group & 1) === 0 ? (value << 16) | (old & 0xffff) : (old & 0xffff0000) | value;
}

function getGroup(words: Uint32Array, group: number): number {
  const word = words[group >> 1]!;
  return (group & 1) === 0 ? word >>> 16 : word & 0xffff;
}

/** The dotted end of an IPv6 address, as two groups. */
function readDotted(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: Uint32Array,
  group: number,
): boolean {
  // At an odd group the word already holds the group before it.
  const word = group >> 1;
  const kept = words[word]!;
  if (!readIpv4(bytes, start, end, words, word)) return false;
  const value = words[word]!;
  words[word] = kept;
  setGroup(words, group, value >>> 16);
  setGroup(words, group + 1, value & 0xffff);
  return true;
}

/** Moves the groups after the gap to the end and zeroes the gap. */
function spreadGap(words: Uint32Array, gapAt: number, groupCount: number): void {
  const shift = 8 - groupCount;
  for (let group = groupCount - 1; group >= gapAt; group--) {
    setGroup(words, group + shift, getGroup(words, group));
  }
  for (let group = gapAt; group < gapAt + shift; group++) setGroup(words, group, 0);
}
