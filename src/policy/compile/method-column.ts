import { type BitSet, bitSetOf, complementBits, setBit, unionBits } from "../../base/bit-set.ts";
import type { HttpModel } from "./rule-model.ts";

/**
 * From a request's method to the rules whose HTTP part admits it, as far as methods go; paths have their own column.
 *
 * The sets are shared, do not mutate.
 */
export class MethodColumn {
  /** Rows without an HTTP part: yes where the check carries no HTTP. */
  readonly free: BitSet;
  /** Every row: what is not no where the check carries no HTTP. */
  readonly all: BitSet;
  /** Every row but those not understood. */
  readonly understood: BitSet;
  /** Rows with a path entry that is not understood: never yes. Undefined if there are none. */
  readonly bad: BitSet | undefined;
  readonly #yesByMethod: ReadonlyMap<string, BitSet>;
  readonly #maybeByMethod: ReadonlyMap<string, BitSet>;
  readonly #otherYes: BitSet;
  readonly #otherMaybe: BitSet;

  private constructor(https: readonly (HttpModel | undefined)[]) {
    const count = https.length;
    const rows = [...https.entries()];
    const bad = rows.filter(([, http]) => http?.bad).map(([row]) => row);
    this.free = bitSetOf(
      count,
      rows.filter(([, http]) => http === undefined).map(([row]) => row),
    );
    this.all = complementBits(bitSetOf(count, []), count);
    this.understood = complementBits(bitSetOf(count, bad), count);
    this.bad = bad.length === 0 ? undefined : bitSetOf(count, bad);
    const ofAny = (isBad: boolean): number[] =>
      rows
        .filter(([, http]) => http !== undefined && http.bad === isBad && http.methods === undefined)
        .map(([row]) => row);
    this.#otherYes = unionBits(this.free, ofAny(false));
    this.#otherMaybe = unionBits(this.#otherYes, ofAny(true));
    const methods = new Set(https.flatMap((http) => [...(http?.methods ?? [])]));
    const mapRows = (base: BitSet, counts: (http: HttpModel) => boolean): ReadonlyMap<string, BitSet> => {
      const byMethod = new Map([...methods].map((method) => [method, base.slice()]));
      for (const [row, http] of rows) {
        if (http === undefined || !counts(http)) continue;
        for (const method of http.methods ?? []) setBit(byMethod.get(method)!, row);
      }
      return byMethod;
    };
    this.#yesByMethod = mapRows(this.#otherYes, (http) => !http.bad);
    this.#maybeByMethod = bad.length === 0 ? this.#yesByMethod : mapRows(this.#otherMaybe, () => true);
  }

  /** Undefined where no rule has an HTTP part. */
  static compile(https: readonly (HttpModel | undefined)[]): MethodColumn | undefined {
    return https.some((http) => http !== undefined) ? new MethodColumn(https) : undefined;
  }

  yesOf(method: string): BitSet {
    return this.#yesByMethod.get(method) ?? this.#otherYes;
  }

  /** The same object as yesOf() where nothing is unknown. */
  maybeOf(method: string): BitSet {
    if (this.bad === undefined) return this.yesOf(method);
    return this.#maybeByMethod.get(method) ?? this.#otherMaybe;
  }
}
