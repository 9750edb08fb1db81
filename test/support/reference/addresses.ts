/**
 * Addresses for the reference evaluator: a family and one big number, membership by shifting. Slow and obvious on
 * purpose; shares nothing with `src/net`.
 */
import type { Flow } from "../../../src/policy/flow.ts";

export type Address = { readonly family: 4 | 6; readonly value: bigint };

export type Block = { readonly address: Address; readonly length: number };

const BITS = { 4: 32, 6: 128 } as const;

/** Reads dotted decimal or colon notation; an IPv4-mapped IPv6 address becomes IPv4. Undefined: not an address. */
export function readAddressText(text: string): Address | undefined {
  if (!text.includes(":")) {
    const value = readDotted(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = readColons(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

function readDotted(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let value = 0n;
  for (const octet of octets) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
    value = (value << 8n) | BigInt(octet);
  }
  return value;
}

function readColons(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const front = readGroups(halves[0]!, halves.length === 1);
  const back = halves.length === 2 ? readGroups(halves[1]!, true) : [];
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...front, ...new Array<bigint>(missing).fill(0n), ...back];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

function readGroups(text: string, mayEndDotted: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && mayEndDotted && index === parts.length - 1) {
      const dotted = readDotted(part);
      if (dotted === undefined) return undefined;
      groups.push(dotted >> 16n, dotted & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** `ADDRESS/LENGTH`; host bits are cleared. A bare address is one address. */
export function readBlockText(text: string): Block | undefined {
  const slash = text.indexOf("/");
  const address = readAddressText(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = BITS[address.family];
  if (slash === -1) return { address, length: bits };
  const digits = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(digits)) return undefined;
  const wasMapped = address.family === 4 && text.includes(":");
  const length = Number(digits) - (wasMapped ? 96 : 0);
  if (length < 0 || length > bits) return undefined;
  const shift = BigInt(bits - length);
  return { address: { family: address.family, value: (address.value >> shift) << shift }, length };
}

/** An address of the other family is in no block. */
export function isInBlock(address: Address, block: Block): boolean {
  if (address.family !== block.address.family) return false;
  const shift = BigInt(BITS[address.family] - block.length);
  return address.value >> shift === block.address.value >> shift;
}

export function sourceAddress(flow: Flow): Address | undefined {
  return fromWords(flow.sourceFamily, [flow.source0, flow.source1, flow.source2, flow.source3]);
}

export function destinationAddress(flow: Flow): Address | undefined {
  return fromWords(flow.destinationFamily, [
    flow.destination0,
    flow.destination1,
    flow.destination2,
    flow.destination3,
  ]);
}

function fromWords(family: number, words: readonly number[]): Address | undefined {
  if (family === 4) return { family, value: BigInt(words[0]!) };
  if (family === 6)
    return { family, value: words.reduce((value, word) => (value << 32n) | BigInt(word), 0n) };
  return undefined;
}

/** The four words of a flow's address fields. */
export function toWords(address: Address): [number, number, number, number] {
  if (address.family === 4) return [Number(address.value), 0, 0, 0];
  const word = (index: bigint): number => Number((address.value >> (96n - 32n * index)) & 0xffff_ffffn);
  return [word(0n), word(1n), word(2n), word(3n)];
}
