import { type BitSet, bitSetOf, complementBits, unionBits } from "../../base/bit-set.ts";
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
  /** Rows with a path entry that is not understood: always unknown. Undefined if there are none. */
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
    const anyMethod = rows.filter(
      ([, http]) => http !== undefined && !http.bad && http.methods === undefined,
    );
    this.#otherYes = unionBits(
      this.free,
      anyMethod.map(([row]) => row),
    );
    this.#otherMaybe = unionBits(this.#otherYes, bad);
    const rowsByMethod = new Map<string, number[]>();
    for (const [row, http] of rows) {
      if (http === undefined || http.bad) continue;
      for (const method of http.methods ?? []) {
        const ofMethod = rowsByMethod.get(method) ?? [];
        rowsByMethod.set(method, ofMethod);
        ofMethod.push(row);
      }
    }
    const mapRows = (base: BitSet): ReadonlyMap<string, BitSet> =>
      new Map([...rowsByMethod].map(([method, ofMethod]) => [method, unionBits(base, ofMethod)]));
    this.#yesByMethod = mapRows(this.#otherYes);
    this.#maybeByMethod = bad.length === 0 ? this.#yesByMethod : mapRows(this.#otherMaybe);
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
