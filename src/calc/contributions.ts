import type { EndpointSlice, NamedPort } from "../datastore/resources.ts";
import { protocolName } from "../net/protocol.ts";
import type { IpSetDefinition, NamedPortProtocol } from "./ip-set-definition.ts";
import type { ItemFacts } from "./item.ts";
import { addressNet, addressOfNet } from "./item-facts.ts";

/** The members that a matching item gives a set; one text may come twice, and then counts twice. */
export function itemMembers(definition: IpSetDefinition, facts: ItemFacts): readonly string[] {
  switch (definition.kind) {
    case "selector":
      return facts.nets;
    case "named-port":
      return namedPortMembers(definition.protocol, definition.port, facts);
    case "service":
      return [];
  }
}

function namedPortMembers(wanted: NamedPortProtocol, name: string, facts: ItemFacts): readonly string[] {
  const members: string[] = [];
  for (const port of facts.ports) {
    if (port.name !== name) continue;
    const protocol = portProtocol(wanted, port);
    if (protocol === undefined) continue;
    for (const net of facts.nets) members.push(`${addressOfNet(net)},${protocol}:${port.port}`);
  }
  return members;
}

/**
 * The protocol a port contributes under, or `undefined` where a rule's protocol does not mean it.
 *
 * A rule of one protocol means ports of that name or number. A rule of any protocol means those named, and those
 * unset, which count as tcp; but not those given as a number.
 */
function portProtocol(wanted: NamedPortProtocol, port: NamedPort): "tcp" | "udp" | "sctp" | undefined {
  if (wanted === "any") return port.protocol === "" ? "tcp" : memberProtocol(port.protocol.toLowerCase());
  const isNumber = /^[0-9]+$/.test(port.protocol);
  const protocol = isNumber ? protocolName(Number(port.protocol)) : port.protocol;
  return protocol?.toLowerCase() === wanted ? wanted : undefined;
}

function memberProtocol(name: string): "tcp" | "udp" | "sctp" | undefined {
  return name === "tcp" || name === "udp" || name === "sctp" ? name : undefined;
}

/** The members that a slice gives a set of its service. */
export function sliceMembers(
  definition: IpSetDefinition & { readonly kind: "service" },
  slice: EndpointSlice,
): readonly string[] {
  const nets = slice.addresses.map(addressNet);
  if (!definition.withPorts) return nets;
  return nets.flatMap((net) =>
    slice.ports.map((port) => `${addressOfNet(net)},${port.protocol.toLowerCase()}:${port.port}`),
  );
}
