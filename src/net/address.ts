import { err, ok, type Result } from "../base/result.ts";
import { ADDRESS_TEXT_MAX_CHARS, readUnmapped, unmap } from "./read-address.ts";

/**
 * An IP address as numbers. IPv4: the address in `w0`, the others 0. IPv6: four words, most significant first.
 * All words are unsigned 32-bit. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) never occurs: it has become IPv4.
 */
export type IpAddress = {
  readonly family: 4 | 6;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
};

/** A block of addresses; bits of `address` past `length` are 0. `length` is 0–32 or 0–128. */
export type Cidr = { readonly address: IpAddress; readonly length: number };

const CIDR_TEXT_MAX_CHARS = ADDRESS_TEXT_MAX_CHARS + 4;

/**
 * Reads an address strictly: four decimal octets without leading zeros, or RFC 4291 text; no zone id, no spaces.
 * IPv4-mapped IPv6 becomes IPv4.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const words = new Uint32Array(4);
  const family = readText(text, words);
  if (family === 0) return undefined;
  return toAddress(unmap(family, words), words);
}

/**
 * `parseAddress` for the path of a request: reads ASCII bytes from `start` up to `end` without allocating.
 *
 * @param words the address is written to its four elements; their content is undefined after a 0.
 * @returns 0 where the bytes are not an address, else the family.
 */
export function readAddress(bytes: Uint8Array, start: number, end: number, words: Uint32Array): 0 | 4 | 6 {
  const family = readUnmapped(bytes, start, end, words);
  return family === 0 ? 0 : unmap(family, words);
}

/** The canonical text of RFC 5952: `10.0.0.7`, `fd00::7`. */
export function formatAddress(address: IpAddress): string {
  if (address.family === 4) return formatIpv4(address.w0);
  return formatIpv6([address.w0, address.w1, address.w2, address.w3]);
}

/** Reads `address/length`. Host bits are an error that says what to write instead. */
export function parseCidr(text: string): Result<Cidr, string> {
  const parsed = readCidr(text);
  if (!parsed.ok) return parsed;
  const { cidr, hadLength, hadHostBits } = parsed.value;
  if (!hadLength)
    return err(`\`${text}\` has no prefix length: write \`${formatCidr(cidr)}\` for the one address`);
  if (hadHostBits)
    return err(`\`${text}\` has bits set past its prefix length: write \`${formatCidr(cidr)}\``);
  return ok(cidr);
}

/** Reads `address/length`, clearing host bits, or a bare address, which is a /32 or /128. */
export function parseCidrMasked(text: string): Result<Cidr, string> {
  const parsed = readCidr(text);
  return parsed.ok ? ok(parsed.value.cidr) : parsed;
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.address)}/${cidr.length}`;
}

/** The block that holds one address alone. */
export function hostCidr(address: IpAddress): Cidr {
  return { address, length: address.family === 4 ? 32 : 128 };
}

/** The mask of word `index` (0–3) in a prefix of `length` bits, as a signed 32-bit number for use with `&`. */
export function maskWord(length: number, index: number): number {
  const bits = length - 32 * index;
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

type ReadCidr = { readonly cidr: Cidr; readonly hadLength: boolean; readonly hadHostBits: boolean };

function readCidr(text: string): Result<ReadCidr, string> {
  if (text.length > CIDR_TEXT_MAX_CHARS) {
    return err(`\`${text.slice(0, CIDR_TEXT_MAX_CHARS)}…\` is too long for an address`);
  }
  const slash = text.indexOf("/");
  const words = new Uint32Array(4);
  const family = readText(slash === -1 ? text : text.slice(0, slash), words);
  if (family === 0) return err(`\`${text}\` is not an IP address with a prefix length`);
  const lengthMax = family === 4 ? 32 : 128;
  const length = slash === -1 ? lengthMax : parseLength(text.slice(slash + 1), lengthMax);
  if (length === -1) return err(`the prefix length of \`${text}\` is not a number from 0 to ${lengthMax}`);
  const hadHostBits = clearHostBits(words, length);
  return ok({ cidr: toCidr(family, words, length), hadLength: slash !== -1, hadHostBits });
}

/** A block inside `::ffff:0:0/96` holds mapped addresses only, so it is an IPv4 block. */
function toCidr(family: 4 | 6, words: Uint32Array, length: number): Cidr {
  const isMapped = family === 6 && length >= 96 && unmap(family, words) === 4;
  if (isMapped) return { address: toAddress(4, words), length: length - 96 };
  return { address: toAddress(family, words), length };
}

function parseLength(text: string, lengthMax: number): number {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return -1;
  const length = Number(text);
  return length <= lengthMax ? length : -1;
}

function clearHostBits(words: Uint32Array, length: number): boolean {
  let hadHostBits = false;
  for (let index = 0; index < 4; index++) {
    const word = words[index]!;
    const masked = (word & maskWord(length, index)) >>> 0;
    if (masked !== word) hadHostBits = true;
    words[index] = masked;
  }
  return hadHostBits;
}

function toAddress(family: 4 | 6, words: Uint32Array): IpAddress {
  return { family, w0: words[0]!, w1: words[1]!, w2: words[2]!, w3: words[3]! };
}

/** One reader for text and bytes: text goes through this buffer, which nothing keeps. */
const textBytes = new Uint8Array(ADDRESS_TEXT_MAX_CHARS);

function readText(text: string, words: Uint32Array): 0 | 4 | 6 {
  if (text.length > ADDRESS_TEXT_MAX_CHARS) return 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return 0;
    textBytes[index] = unit;
  }
  return readUnmapped(textBytes, 0, text.length, words);
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  const gap = longestZeroRun(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  if (gap.length < 2) return text(0, 8);
  return `${text(0, gap.start)}::${text(gap.start + gap.length, 8)}`;
}

/** The first of the longest runs, as RFC 5952 asks. */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let runStart = 0;
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== 0) runStart = index + 1;
    else if (index + 1 - runStart > best.length) best = { start: runStart, length: index + 1 - runStart };
  }
  return best;
}
