import { compareUtf8 } from "../base/compare-utf8.ts";
import type { RulePort } from "../datastore/resources.ts";
import type { PortRange, Protocol } from "../policy/messages.ts";

/** A port as Kubernetes rules list them. */
export type ProtocolPort = {
  /** `undefined`: any. */
  readonly protocol: string | undefined;
  /** `undefined`: every port. */
  readonly port: RulePort | undefined;
};

/** What one rule in Calico's shape takes of a Kubernetes rule's list. */
export type PortGroup = {
  readonly protocol: Protocol | undefined;
  /** Empty: every port. */
  readonly ports: readonly RulePort[];
};

/**
 * Group a list of ports by protocol, in the order of the protocols' names. Numbers are merged to ranges; an entry
 * without a port takes all of its protocol. An empty list is one group of everything.
 */
export function groupPorts(list: readonly ProtocolPort[]): readonly PortGroup[] {
  if (list.length === 0) return [{ protocol: undefined, ports: [] }];
  const byProtocol = new Map<string, RulePort[] | "every">();
  for (const { protocol = "", port } of list) {
    const ports = byProtocol.get(protocol);
    if (port === undefined) byProtocol.set(protocol, "every");
    else if (ports === undefined) byProtocol.set(protocol, [port]);
    else if (ports !== "every") ports.push(port);
  }
  return [...byProtocol]
    .sort(([left], [right]) => compareUtf8(left, right))
    .map(([protocol, ports]) => ({
      protocol: protocol === "" ? undefined : { name: protocol.toLowerCase() },
      ports: ports === "every" ? [] : simplifyPorts(ports),
    }));
}

/** Named ports first, each once; then the numbers as sorted ranges that neither overlap nor touch. */
function simplifyPorts(ports: readonly RulePort[]): readonly RulePort[] {
  const names = new Set<string>();
  const ranges: PortRange[] = [];
  for (const port of ports) {
    if ("name" in port) names.add(port.name);
    else ranges.push(port);
  }
  ranges.sort((left, right) => left.first - right.first);
  const merged: PortRange[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last === undefined || range.first > last.last + 1) merged.push(range);
    else if (range.last > last.last) merged[merged.length - 1] = { first: last.first, last: range.last };
  }
  return [...[...names].map((name) => ({ name })), ...merged];
}
