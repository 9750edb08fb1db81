import { addBits, type BitSet, bitSetOf } from "../../base/bit-set.ts";
import { NO, YES } from "../answer.ts";
import type { IpSet } from "../ip-set.ts";
import { answerAddressClauses, answerSet, type FindSet, type Peer } from "../network-clauses.ts";
import { NetIndex } from "./net-index.ts";
import type { SideModel } from "./rule-model.ts";

/** `--peer both`: sets and identity are asked alike. */
export const PROOF_BOTH = 0;
/** `--peer identity`, of a verified peer: its identity stands in for the set of a rule that asks for identities only. */
export const PROOF_VERIFIED = 1;
/** `--peer identity`, of any other: such a set may be unaware of its address, so not to be in it proves nothing. */
export const PROOF_UNVERIFIED = 2;
export type Proof = 0 | 1 | 2;

/**
 * From a side's address to the rules whose address clauses (sets, not-sets, nets, not-nets) it satisfies.
 *
 * The two forms that nearly all rules have, one set alone and nets alone, are looked up; rules of any other form are
 * grouped by what they ask, and each group is asked once.
 */
export class AddressColumn {
  /** Rows without such a clause. */
  readonly free: BitSet;
  /** Rows with a text that is not understood. */
  readonly bad: BitSet;
  /** Rows for which, with `--peer identity`, a verified identity stands in for the set; undefined if there are none. */
  readonly identityDecides: BitSet | undefined;
  readonly #singles: readonly { readonly setIndex: number; readonly rows: BitSet }[];
  readonly #nets: NetIndex | undefined;
  readonly #netRows: BitSet;
  readonly #groups: readonly { readonly side: SideModel; readonly rows: BitSet }[];

  private constructor(sides: readonly (SideModel | undefined)[], setIndexes: ReadonlyMap<string, number>) {
    const count = sides.length;
    const forms = new Map<number, "free" | "single" | "nets" | "group">();
    for (const [row, side] of sides.entries()) forms.set(row, side === undefined ? "free" : formOf(side));
    const rowsOf = (form: string): number[] => [...forms].filter(([, of]) => of === form).map(([row]) => row);
    this.free = bitSetOf(count, rowsOf("free"));
    this.bad = bitSetOf(
      count,
      indexesWhere(sides, (side) => side.nets?.bad || side.notNets?.bad || false),
    );
    const deciding = indexesWhere(sides, (side) => side.identityDecides);
    this.identityDecides = deciding.length === 0 ? undefined : bitSetOf(count, deciding);

    const singles = groupBy(rowsOf("single"), (row) => setIndexes.get(sides[row]?.setIds[0] ?? "") ?? -1);
    this.#singles = [...singles].map(([setIndex, rows]) => ({ setIndex, rows: bitSetOf(count, rows) }));

    const netRows = rowsOf("nets");
    const nets = netRows.flatMap((row) => (sides[row]?.nets?.cidrs ?? []).map((cidr) => ({ cidr, row })));
    this.#nets = nets.length === 0 ? undefined : new NetIndex(count, nets);
    this.#netRows = bitSetOf(count, netRows);

    const groups = groupBy(rowsOf("group"), (row) => addressKey(sides[row]));
    this.#groups = [...groups.values()].flatMap((rows) => {
      const side = sides[rows[0] ?? -1];
      return side === undefined ? [] : [{ side, rows: bitSetOf(count, rows) }];
    });
  }

  /** Undefined where no rule has such a clause. */
  static compile(
    sides: readonly (SideModel | undefined)[],
    setIndexes: ReadonlyMap<string, number>,
  ): AddressColumn | undefined {
    const constrained = sides.some((side) => side !== undefined && formOf(side) !== "free");
    return constrained ? new AddressColumn(sides, setIndexes) : undefined;
  }

  /**
   * Writes the rows that are yes, and those that are not no.
   *
   * @param proof what the peer's identity counts for.
   * @returns whether the two differ.
   */
  evaluate(
    peer: Peer,
    proof: Proof,
    sets: readonly (IpSet | undefined)[],
    findSet: FindSet,
    yes: BitSet,
    maybe: BitSet,
  ): boolean {
    yes.set(this.free);
    maybe.set(this.free);
    let differ = false;
    for (const { setIndex, rows } of this.#singles) {
      const answer = answerSet(sets[setIndex], peer);
      if (answer === YES) addBits(yes, rows);
      if (answer !== NO) addBits(maybe, rows);
      if (answer !== NO && answer !== YES) differ = true;
    }
    if (peer.hasAddress) {
      this.#nets?.addMatches(peer.family, peer.w0, peer.w1, peer.w2, peer.w3, yes);
    } else if (!peer.lenient) {
      addBits(maybe, this.#netRows);
      differ = true;
    }
    for (const { side, rows } of this.#groups) {
      const answer = answerAddressClauses(side, peer, findSet);
      if (answer === YES) addBits(yes, rows);
      if (answer !== NO) addBits(maybe, rows);
      if (answer !== NO && answer !== YES) differ = true;
    }
    if (proof !== PROOF_BOTH && this.identityDecides !== undefined) {
      addBits(proof === PROOF_VERIFIED ? yes : maybe, this.identityDecides);
      differ ||= proof === PROOF_UNVERIFIED;
    }
    addBits(maybe, yes);
    return differ;
  }
}

function formOf(side: SideModel): "free" | "single" | "nets" | "group" {
  const setCount = side.setIds.length;
  const others = side.notSetIds.length + (side.notNets === undefined ? 0 : 1);
  if (setCount + others === 0) {
    if (side.nets === undefined) return "free";
    return side.nets.bad ? "group" : "nets";
  }
  return setCount === 1 && others === 0 && side.nets === undefined ? "single" : "group";
}

/** Equal for rules that ask the same of an address. */
function addressKey(side: SideModel | undefined): string {
  if (side === undefined) return "";
  return JSON.stringify([side.setIds, side.notSetIds, side.nets, side.notNets]);
}

function indexesWhere<T>(
  entries: readonly (T | undefined)[],
  holds: (entry: T) => boolean,
): readonly number[] {
  return entries.flatMap((entry, index) => (entry !== undefined && holds(entry) ? [index] : []));
}

/** Indexes by their key, in the order in which the keys first occur. */
export function groupBy<K>(indexes: readonly number[], keyOf: (index: number) => K): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (const index of indexes) {
    const key = keyOf(index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return groups;
}
