import { type BitSet, bitSetWords, createBitSet } from "../../base/bit-set.ts";
import { ADDRESS_MEMO_BYTES_MAX, ADDRESS_MEMO_SLOTS_MAX } from "../../base/limits.ts";
import type { Peer } from "../network-clauses.ts";

const KEY_WORDS = 6;

/**
 * Remembers a column's answer for the addresses that came by last.
 *
 * Peers are few and come again: their answers need no set to be asked. Each hash has a pair of slots; a newcomer takes over the
 * one that was used longer ago, in place, so memory is bounded and nothing is allocated after the first round.
 */
export class AddressMemo {
  readonly #rowCount: number;
  /** Pairs of slots, a power of two, less one. */
  readonly #pairMask: number;
  /** Which slot of each pair was asked for last: the other one is given away. */
  readonly #recent: Uint8Array;
  readonly #keys: Int32Array;
  readonly #yes: (BitSet | undefined)[];
  readonly #maybe: (BitSet | undefined)[];

  constructor(rowCount: number) {
    const slotCount = slotCountFor(rowCount);
    this.#rowCount = rowCount;
    this.#pairMask = slotCount / 2 - 1;
    this.#recent = new Uint8Array(slotCount / 2);
    this.#keys = new Int32Array(slotCount * KEY_WORDS);
    this.#yes = new Array(slotCount).fill(undefined);
    this.#maybe = new Array(slotCount).fill(undefined);
  }

  /**
   * The slot that holds this peer's answer.
   *
   * @param tag what else the answer depends on, 0–7.
   * @param withPort whether it depends on protocol and port.
   * @returns complemented (`~`) if the answer is not there: write what is yes to yesOf(), then keep() it.
   */
  find(peer: Peer, tag: number, withPort: boolean): number {
    const head = headOf(peer, tag);
    const service = withPort ? serviceOf(peer) : 0;
    let hash = Math.imul(peer.w0 ^ Math.imul(peer.w3, 0x85ebca6b) ^ service, 0x9e3779b1) ^ head ^ peer.w2;
    hash ^= hash >>> 15;
    const pair = (hash ^ (hash >>> 7)) & this.#pairMask;
    const recent = (pair << 1) | this.#recent[pair]!;
    if (this.#isAt(recent, peer, head, service)) return recent;
    const other = recent ^ 1;
    this.#recent[pair] = other & 1;
    if (this.#isAt(other, peer, head, service)) return other;
    this.#keys[other * KEY_WORDS] = 0; // nobody's while it is being written
    return ~other;
  }

  #isAt(slot: number, peer: Peer, head: number, service: number): boolean {
    const keys = this.#keys;
    const at = slot * KEY_WORDS;
    return (
      keys[at] === head &&
      keys[at + 1] === (peer.w0 | 0) &&
      keys[at + 2] === (peer.w1 | 0) &&
      keys[at + 3] === (peer.w2 | 0) &&
      keys[at + 4] === (peer.w3 | 0) &&
      keys[at + 5] === service
    );
  }

  /** Declares the answer in a slot complete. @param maybe a copy is kept; the slot's own yesOf() where nothing is unknown. */
  keep(slot: number, peer: Peer, tag: number, withPort: boolean, maybe: BitSet): void {
    const keys = this.#keys;
    const at = slot * KEY_WORDS;
    keys[at] = headOf(peer, tag);
    keys[at + 1] = peer.w0;
    keys[at + 2] = peer.w1;
    keys[at + 3] = peer.w2;
    keys[at + 4] = peer.w3;
    keys[at + 5] = withPort ? serviceOf(peer) : 0;
    const yes = this.#yes[slot];
    if (maybe === yes) {
      this.#maybe[slot] = yes;
      return;
    }
    const known = this.#maybe[slot];
    const own = known === undefined || known === yes ? createBitSet(this.#rowCount) : known;
    own.set(maybe);
    this.#maybe[slot] = own;
  }

  yesOf(slot: number): BitSet {
    const known = this.#yes[slot];
    if (known !== undefined) return known;
    const created = createBitSet(this.#rowCount);
    this.#yes[slot] = created;
    return created;
  }

  /** Of a slot that is kept; the same object as yesOf() where nothing is unknown. */
  maybeOf(slot: number): BitSet {
    return this.#maybe[slot]!;
  }
}

/** A power of two, 2 at least: as many answers as ADDRESS_MEMO_BYTES_MAX holds. */
function slotCountFor(rowCount: number): number {
  const answerBytes = 2 * 4 * Math.max(1, bitSetWords(rowCount));
  const slots = Math.min(ADDRESS_MEMO_SLOTS_MAX, Math.max(2, ADDRESS_MEMO_BYTES_MAX / answerBytes));
  return 2 ** Math.floor(Math.log2(slots));
}

/** Never 0, which marks a slot that is nobody's. */
function headOf(peer: Peer, tag: number): number {
  return (peer.family << 4) | (tag << 1) | 1;
}

function serviceOf(peer: Peer): number {
  return (peer.protocol << 17) | (peer.port + 1);
}
