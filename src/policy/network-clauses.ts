import type { Cidr } from "../net/address.ts";
import { type Answer, andAnswers, NO, notAnswer, orAnswers, toAnswer, UNKNOWN, YES } from "./answer.ts";
import type { NetsModel, PortsModel, SideModel } from "./compile/rule-model.ts";
import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  ADDRESS_NONE,
  type Flow,
  PORT_UNKNOWN,
  PROTOCOL_UNKNOWN,
} from "./flow.ts";
import type { IpSet } from "./ip-set.ts";

/**
 * One side of a connection, as clauses about addresses and ports ask for it. Reused: nothing keeps a reference past
 * the evaluation.
 */
export class Peer {
  family: number = ADDRESS_NONE;
  w0: number = 0;
  w1: number = 0;
  w2: number = 0;
  w3: number = 0;
  port: number = PORT_UNKNOWN;
  protocol: number = PROTOCOL_UNKNOWN;
  /** Calico semantics: an address that is not an IP is in no set, a port that is not known is 0. */
  lenient: boolean = false;

  setSource(flow: Flow, lenient: boolean): this {
    return this.#set(
      flow.sourceFamily,
      flow.source0,
      flow.source1,
      flow.source2,
      flow.source3,
      flow.sourcePort,
      flow.protocol,
      lenient,
    );
  }

  setDestination(flow: Flow, lenient: boolean): this {
    return this.#set(
      flow.destinationFamily,
      flow.destination0,
      flow.destination1,
      flow.destination2,
      flow.destination3,
      flow.destinationPort,
      flow.protocol,
      lenient,
    );
  }

  get hasAddress(): boolean {
    return this.family === ADDRESS_IPV4 || this.family === ADDRESS_IPV6;
  }

  /** Whether clauses about ports can be answered. */
  get hasPort(): boolean {
    return this.hasAddress && this.port !== PORT_UNKNOWN;
  }

  #set(
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
    protocol: number,
    lenient: boolean,
  ): this {
    this.family = family;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    if (lenient) this.port = Math.max(port, 0);
    else this.port = family === ADDRESS_NONE ? PORT_UNKNOWN : port;
    this.protocol = protocol;
    this.lenient = lenient;
    return this;
  }
}

/** How a rule's set ids become sets; undefined is a set that is not in the store. */
export type FindSet = (id: string) => IpSet | undefined;

/** Whether the peer's address is in an address set. */
export function answerSet(set: IpSet | undefined, peer: Peer): Answer {
  if (set === undefined || (set.type !== "IP" && set.type !== "NET")) return UNKNOWN;
  if (!peer.hasAddress) return peer.lenient ? NO : UNKNOWN;
  if (set.cidrs.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3)) return YES;
  return set.incomplete ? UNKNOWN : NO;
}

/** Whether the peer's address, protocol and port are in a set of named ports or of a service. */
export function answerPortSet(set: IpSet | undefined, peer: Peer): Answer {
  if (set === undefined || set.type !== "IP_AND_PORT") return UNKNOWN;
  if (!peer.hasAddress) return peer.lenient ? NO : UNKNOWN;
  if (peer.port === PORT_UNKNOWN || peer.protocol === PROTOCOL_UNKNOWN) return UNKNOWN;
  if (set.ports.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3, peer.protocol, peer.port)) return YES;
  return set.incomplete ? UNKNOWN : NO;
}

/** Whether the peer's address is in any of the nets. */
export function answerNets(nets: NetsModel, peer: Peer): Answer {
  if (nets.bad) return UNKNOWN;
  if (!peer.hasAddress) return peer.lenient ? NO : UNKNOWN;
  return toAnswer(nets.cidrs.some((cidr) => containsPeer(cidr, peer)));
}

/** Whether the peer's port is in a range, or its address, protocol and port in one of the sets. */
export function answerPorts(ports: PortsModel, peer: Peer, findSet: FindSet): Answer {
  if (peer.port === PORT_UNKNOWN) return UNKNOWN;
  let answer = toAnswer(ports.ranges.has(peer.port));
  for (const id of ports.setIds) answer = orAnswers(answer, answerPortSet(findSet(id), peer));
  return answer;
}

/** All clauses of a side about addresses: sets, not-sets, nets, not-nets. */
export function answerAddressClauses(side: SideModel, peer: Peer, findSet: FindSet): Answer {
  let answer: Answer = YES;
  for (const id of side.setIds) answer = andAnswers(answer, answerSet(findSet(id), peer));
  for (const id of side.notSetIds) answer = andAnswers(answer, notAnswer(answerSet(findSet(id), peer)));
  if (side.nets !== undefined) answer = andAnswers(answer, answerNets(side.nets, peer));
  if (side.notNets !== undefined) answer = andAnswers(answer, notAnswer(answerNets(side.notNets, peer)));
  return answer;
}

/** All clauses of a side about ports: ports, not-ports, service sets. */
export function answerPortClauses(side: SideModel, peer: Peer, findSet: FindSet): Answer {
  let answer: Answer = YES;
  for (const id of side.ipPortSetIds) answer = andAnswers(answer, answerPortSet(findSet(id), peer));
  if (side.ports !== undefined) answer = andAnswers(answer, answerPorts(side.ports, peer, findSet));
  if (side.notPorts !== undefined) {
    answer = andAnswers(answer, notAnswer(answerPorts(side.notPorts, peer, findSet)));
  }
  return answer;
}

function containsPeer({ address, length }: Cidr, peer: Peer): boolean {
  if (address.family !== peer.family) return false;
  return (
    sharesBits(address.w0, peer.w0, length) &&
    sharesBits(address.w1, peer.w1, length - 32) &&
    sharesBits(address.w2, peer.w2, length - 64) &&
    sharesBits(address.w3, peer.w3, length - 96)
  );
}

/** Whether the first `count` bits of two words are the same. */
function sharesBits(left: number, right: number, count: number): boolean {
  if (count <= 0) return true;
  const differing = (left ^ right) >>> 0;
  return count >= 32 ? differing === 0 : differing >>> (32 - count) === 0;
}
