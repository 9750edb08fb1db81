/** Inclusive on both ends. */
type Range = { readonly first: number; readonly last: number };

const PORT_MAX = 65_535;

/** A set of ports as sorted ranges with gaps between them. Immutable. */
export class PortSet {
  /** Sorted, merged where they touch, within 0–65535. */
  readonly ranges: readonly Range[];
  /** first, last, first, last, … */
  readonly #edges: Uint16Array;

  private constructor(ranges: readonly Range[]) {
    this.ranges = ranges;
    this.#edges = Uint16Array.from(ranges.flatMap(({ first, last }) => [first, last]));
  }

  /** Ranges in any order, overlapping or not; what lies outside 0–65535 is cut off, and a backward range is empty. */
  static of(ranges: readonly Range[]): PortSet {
    const sorted = ranges
      .map(({ first, last }) => ({ first: Math.max(0, first), last: Math.min(PORT_MAX, last) }))
      .filter(({ first, last }) => first <= last)
      .sort((left, right) => left.first - right.first);
    const merged: { first: number; last: number }[] = [];
    for (const range of sorted) {
      const previous = merged.at(-1);
      if (previous !== undefined && range.first <= previous.last + 1) {
        previous.last = Math.max(previous.last, range.last);
      } else {
        merged.push(range);
      }
    }
    return new PortSet(merged);
  }

  /** False for a port that is unknown (-1). Rules name a few ranges, so a scan beats a search. */
  has(port: number): boolean {
    const edges = this.#edges;
    for (let index = 0; index < edges.length; index += 2) {
      if (port < edges[index]!) return false;
      if (port <= edges[index + 1]!) return true;
    }
    return false;
  }
}
