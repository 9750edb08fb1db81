import type { IpSetType } from "../policy/messages.ts";
import { hashId, selectorId } from "../selector/format-selector.ts";
import type { Selector } from "../selector/selector.ts";

/** The protocol that a rule's named port is of. */
export type NamedPortProtocol = "tcp" | "udp" | "sctp" | "any";

/** What a set holds (README.md, "IP sets"). Equal definitions have equal ids and share one set. */
export type IpSetDefinition =
  | { readonly kind: "selector"; readonly id: string; readonly selector: Selector }
  | {
      readonly kind: "named-port";
      readonly id: string;
      readonly selector: Selector;
      readonly protocol: NamedPortProtocol;
      readonly port: string;
    }
  /** `service` is `NAMESPACE/NAME`. */
  | { readonly kind: "service"; readonly id: string; readonly service: string; readonly withPorts: boolean };

export function selectorSet(selector: Selector): IpSetDefinition {
  return { kind: "selector", id: selectorId(selector), selector };
}

export function namedPortSet(selector: Selector, protocol: NamedPortProtocol, port: string): IpSetDefinition {
  const id = hashId("n:", `${selectorId(selector)},${protocol},${port}`);
  return { kind: "named-port", id, selector, protocol, port };
}

/** @param service `NAMESPACE/NAME`. */
export function serviceSet(service: string, withPorts: boolean): IpSetDefinition {
  return { kind: "service", id: hashId(withPorts ? "svc:" : "svcnoport:", service), service, withPorts };
}

export function ipSetType(definition: IpSetDefinition): IpSetType {
  const hasPorts =
    definition.kind === "named-port" || (definition.kind === "service" && definition.withPorts);
  return hasPorts ? "IP_AND_PORT" : "NET";
}
