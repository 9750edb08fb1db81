import { addBits, type BitSet, bitSetOf } from "../../base/bit-set.ts";
import { type Cidr, maskWord } from "../../net/address.ts";

/**
 * From an address to the rules one of whose nets contains it.
 *
 * One hash map for each family and prefix length in use, so that a look-up costs by the number of different lengths
 * and not by the number of nets.
 */
export class NetIndex {
  readonly #ipv4: readonly PrefixMap[];
  readonly #ipv6: readonly PrefixMap[];

  /** @param nets a net and a row of its; a row may have several nets. */
  constructor(rowCount: number, nets: readonly { readonly cidr: Cidr; readonly row: number }[]) {
    this.#ipv4 = buildMaps(rowCount, nets, 4);
    this.#ipv6 = buildMaps(rowCount, nets, 6);
  }

  /** Adds to `rows` every row with a net that contains the address. */
  addMatches(family: number, w0: number, w1: number, w2: number, w3: number, rows: BitSet): void {
    const maps = family === 4 ? this.#ipv4 : this.#ipv6;
    for (let index = 0; index < maps.length; index++) {
      const map = maps[index]!;
      const found = map.find(w0, w1, w2, w3);
      if (found !== undefined) addBits(rows, found);
    }
  }
}

type Entry = { readonly words: readonly number[]; readonly rows: BitSet };

/** Nets of one prefix length. */
class PrefixMap {
  readonly #masks: Int32Array;
  readonly #entries: ReadonlyMap<number, readonly Entry[]>;

  constructor(length: number, entries: ReadonlyMap<number, readonly Entry[]>) {
    this.#masks = Int32Array.from([0, 1, 2, 3], (index) => maskWord(length, index));
    this.#entries = entries;
  }

  find(w0: number, w1: number, w2: number, w3: number): BitSet | undefined {
    const m0 = w0 & this.#masks[0]!;
    const m1 = w1 & this.#masks[1]!;
    const m2 = w2 & this.#masks[2]!;
    const m3 = w3 & this.#masks[3]!;
    const bucket = this.#entries.get(mixWords(m0, m1, m2, m3));
    if (bucket === undefined) return undefined;
    for (let index = 0; index < bucket.length; index++) {
      const { words, rows } = bucket[index]!;
      if (words[0] === m0 && words[1] === m1 && words[2] === m2 && words[3] === m3) return rows;
    }
    return undefined;
  }
}

/** Collisions share a bucket and are told apart there. */
function mixWords(w0: number, w1: number, w2: number, w3: number): number {
  return w0 ^ Math.imul(w1, 0x9e3779b1) ^ Math.imul(w2, 0x85ebca6b) ^ Math.imul(w3, 0xc2b2ae35);
}

function buildMaps(
  rowCount: number,
  nets: readonly { readonly cidr: Cidr; readonly row: number }[],
  family: 4 | 6,
): readonly PrefixMap[] {
  const byLength = new Map<number, Map<string, { words: number[]; rows: number[] }>>();
  for (const { cidr, row } of nets) {
    if (cidr.address.family !== family) continue;
    const { w0, w1, w2, w3 } = cidr.address;
    const words = [w0 | 0, w1 | 0, w2 | 0, w3 | 0];
    const ofLength = byLength.get(cidr.length) ?? new Map<string, { words: number[]; rows: number[] }>();
    byLength.set(cidr.length, ofLength);
    const net = ofLength.get(words.join()) ?? { words, rows: [] };
    ofLength.set(words.join(), net);
    net.rows.push(row);
  }
  return [...byLength].map(([length, ofLength]) => {
    const entries = new Map<number, Entry[]>();
    for (const { words, rows } of ofLength.values()) {
      const hash = mixWords(words[0]!, words[1]!, words[2]!, words[3]!);
      const bucket = entries.get(hash) ?? [];
      entries.set(hash, bucket);
      bucket.push({ words, rows: bitSetOf(rowCount, rows) });
    }
    return new PrefixMap(length, entries);
  });
}
