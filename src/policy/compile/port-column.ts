import { addBits, type BitSet, bitSetOf, clearBit, setBit } from "../../base/bit-set.ts";
import { NO, YES } from "../answer.ts";
import { answerPortClauses, type FindSet, type Peer } from "../network-clauses.ts";
import { groupBy } from "./address-column.ts";
import type { SideModel } from "./rule-model.ts";

/**
 * From a side's port to the rules whose port clauses (ports, not-ports, service sets) it satisfies.
 *
 * Rules that name numbers only are looked up in a table of intervals between which the answer doesn't change. Rules
 * with named-port or service sets are grouped by what they ask, and each group is asked once.
 */
export class PortColumn {
  /** Rows without such a clause. */
  readonly free: BitSet;
  /** Whether some answer depends on sets, and with them on address and protocol. */
  readonly asksSets: boolean;
  readonly #constrained: BitSet;
  /** First port of each interval, ascending from 0. */
  readonly #starts: Int32Array;
  /** Rows by interval, the free ones among them. */
  readonly #rows: readonly BitSet[];
  readonly #groups: readonly { readonly side: SideModel; readonly rows: BitSet }[];

  private constructor(sides: readonly (SideModel | undefined)[]) {
    const count = sides.length;
    const indexes = sides.map((_, row) => row);
    const rowsWhere = (holds: (side: SideModel) => boolean): number[] =>
      indexes.filter((row) => {
        const side = sides[row];
        return side !== undefined && holds(side);
      });
    const constrained = rowsWhere(hasPortClause);
    const numbered = constrained.filter((row) => !asksSets(sides[row]));
    const grouped = constrained.filter((row) => asksSets(sides[row]));
    const isConstrained = new Set(constrained);
    this.free = bitSetOf(
      count,
      indexes.filter((row) => !isConstrained.has(row)),
    );
    this.#constrained = bitSetOf(count, constrained);
    this.asksSets = grouped.length > 0;

    const intervals = compileIntervals(this.free, numbered, sides);
    this.#starts = intervals.starts;
    this.#rows = intervals.rows;
    this.#groups = [...groupBy(grouped, (row) => portKey(sides[row])).values()].flatMap((rows) => {
      const side = sides[rows[0] ?? -1];
      return side === undefined ? [] : [{ side, rows: bitSetOf(count, rows) }];
    });
  }

  /** Undefined where no rule has such a clause. */
  static compile(sides: readonly (SideModel | undefined)[]): PortColumn | undefined {
    return sides.some((side) => side !== undefined && hasPortClause(side))
      ? new PortColumn(sides)
      : undefined;
  }

  /** Rows by number alone, free ones included; shared, do not mutate. @param port 0–65535. */
  rowsOfPort(port: number): BitSet {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= port) low = middle;
      else high = middle - 1;
    }
    return this.#rows[low]!;
  }

  /** Writes the rows that are yes, and those that are not no. @returns whether the two differ. */
  evaluate(peer: Peer, findSet: FindSet, yes: BitSet, maybe: BitSet): boolean {
    let differ = false;
    if (peer.port < 0) {
      yes.set(this.free);
      maybe.set(this.free);
      addBits(maybe, this.#constrained);
      return true;
    }
    yes.set(this.rowsOfPort(peer.port));
    maybe.set(yes);
    for (const { side, rows } of this.#groups) {
      const answer = answerPortClauses(side, peer, findSet);
      if (answer === YES) addBits(yes, rows);
      if (answer !== NO) addBits(maybe, rows);
      if (answer !== NO && answer !== YES) differ = true;
    }
    return differ;
  }
}

function hasPortClause(side: SideModel): boolean {
  return side.ports !== undefined || side.notPorts !== undefined || side.ipPortSetIds.length > 0;
}

function asksSets(side: SideModel | undefined): boolean {
  if (side === undefined) return false;
  const named = (side.ports?.setIds.length ?? 0) + (side.notPorts?.setIds.length ?? 0);
  return named + side.ipPortSetIds.length > 0;
}

function portKey(side: SideModel | undefined): string {
  if (side === undefined) return "";
  const describe = (ports: SideModel["ports"]) => ports && [ports.ranges.ranges, ports.setIds];
  return JSON.stringify([describe(side.ports), describe(side.notPorts), side.ipPortSetIds]);
}

const PORT_COUNT = 65_536;

/** Sweeps the ports upwards: at each edge only the rules that have an edge there are asked again. */
function compileIntervals(
  free: BitSet,
  numbered: readonly number[],
  sides: readonly (SideModel | undefined)[],
): { readonly starts: Int32Array; readonly rows: readonly BitSet[] } {
  const groups = [...groupBy(numbered, (row) => portKey(sides[row])).values()];
  const groupsByEdge = new Map<number, number[][]>([[0, groups]]);
  for (const group of groups) {
    const side = sides[group[0] ?? -1];
    const ranges = [...(side?.ports?.ranges.ranges ?? []), ...(side?.notPorts?.ranges.ranges ?? [])];
    for (const edge of ranges.flatMap(({ first, last }) => [first, last + 1])) {
      if (edge === 0 || edge >= PORT_COUNT) continue;
      const atEdge = groupsByEdge.get(edge) ?? [];
      groupsByEdge.set(edge, atEdge);
      atEdge.push(group);
    }
  }
  const starts = Int32Array.from(groupsByEdge.keys()).sort();
  const rows: BitSet[] = [];
  let matching = free;
  for (const start of starts) {
    matching = matching.slice();
    for (const group of groupsByEdge.get(start) ?? []) {
      const matches = matchesPort(sides[group[0] ?? -1], start);
      for (const row of group) (matches ? setBit : clearBit)(matching, row);
    }
    rows.push(matching);
  }
  return { starts, rows };
}

function matchesPort(side: SideModel | undefined, port: number): boolean {
  const allowed = side?.ports === undefined || side.ports.ranges.has(port);
  return allowed && !(side?.notPorts?.ranges.has(port) ?? false);
}
