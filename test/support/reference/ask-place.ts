/** Clauses about where the two sides are: addresses, nets, sets and ports. */
import type { PortRange, Rule } from "../../../src/policy/messages.ts";
import { type Address, destinationAddress, isInBlock, readBlockText, sourceAddress } from "./addresses.ts";
import { type Answer, all, any, fromBoolean, negate } from "./answers.ts";
import { isDescribedByIdentity } from "./ask-identity.ts";
import type { Clause } from "./clauses.ts";
import { partyOf } from "./parties.ts";
import type { Question } from "./question.ts";
import { addressPortKey, type ReferenceSet } from "./state.ts";

type Side = "source" | "destination";

/** `port` negative: not known. */
type Place = { readonly address: Address | undefined; readonly port: number };

function placeOf(question: Question, side: Side): Place {
  const { flow } = question;
  const isSource = side === "source";
  const port = isSource ? flow.sourcePort : flow.destinationPort;
  return {
    address: isSource ? sourceAddress(flow) : destinationAddress(flow),
    port: port < 0 && question.options.semantics === "calico" ? 0 : port,
  };
}

/** Sets and nets of one side. */
export function askAddress(question: Question, rule: Rule, side: Side): Clause[] {
  const match = rule[side];
  const place = placeOf(question, side);
  const doubt =
    place.address === undefined && question.options.semantics === "strict" ? "bad_request" : "set_missing";
  const clauses: Clause[] = [];
  for (const id of match.ipSetIds) {
    const answer = isInAddressSet(question, place, id);
    if (!isDescribedByIdentity(question, match, side)) {
      clauses.push({ name: "ipSets", side, answer, doubt });
    } else if (partyOf(question, side).kind !== "known") {
      // The datastore need not know such callers' addresses: not being in the set proves nothing.
      clauses.push({ name: "ipSets", side, answer: answer === "no" ? "unknown" : answer, doubt });
    }
  }
  for (const id of match.notIpSetIds) {
    clauses.push({ name: "notIpSets", side, answer: negate(isInAddressSet(question, place, id)), doubt });
  }
  if (match.nets.length > 0) {
    const answer = isInNets(question, place, match.nets);
    clauses.push({ name: "nets", side, answer, doubt: netsDoubt(match.nets) });
  }
  if (match.notNets.length > 0) {
    const answer = negate(isInNets(question, place, match.notNets));
    clauses.push({ name: "notNets", side, answer, doubt: netsDoubt(match.notNets) });
  }
  return clauses;
}

/** What a set or net says of an address that is not an IP. */
function withoutAddress(question: Question): Answer {
  return question.options.semantics === "calico" ? "no" : "unknown";
}

function isInNets(question: Question, place: Place, nets: readonly string[]): Answer {
  const blocks = nets.map(readNet);
  if (blocks.includes(undefined)) return "unknown";
  const { address } = place;
  if (address === undefined) return withoutAddress(question);
  return any(blocks.map((block) => fromBoolean(isInBlock(address, block!))));
}

function readNet(text: string): ReturnType<typeof readBlockText> {
  return text.includes("/") ? readBlockText(text) : undefined;
}

function netsDoubt(nets: readonly string[]): Clause["doubt"] {
  return nets.map(readNet).includes(undefined) ? "policy_broken" : "bad_request";
}

/** A set without an inventory behind it knows who is in, not who is out. */
function outside(set: ReferenceSet): Answer {
  return set.incomplete ? "unknown" : "no";
}

function isInAddressSet(question: Question, place: Place, id: string): Answer {
  const set = question.state.sets.get(id);
  if (set === undefined || set.type === "unknown" || set.type === "IP_AND_PORT") return "unknown";
  const { address } = place;
  if (address === undefined) return withoutAddress(question);
  const found = [...set.members.values()].some((member) => isInBlock(address, readBlockText(member)!));
  return found ? "yes" : outside(set);
}

function isInPortSet(question: Question, place: Place, id: string): Answer {
  const set = question.state.sets.get(id);
  if (set === undefined || set.type !== "IP_AND_PORT") return "unknown";
  const { address, port } = place;
  if (address === undefined) return withoutAddress(question);
  if (port < 0 || question.flow.protocol === 0) return "unknown";
  return set.members.has(addressPortKey(address, question.flow.protocol, port)) ? "yes" : outside(set);
}

/** Ports of one side, and service sets of the destination. */
export function askPorts(question: Question, rule: Rule, side: Side): Clause[] {
  const match = rule[side];
  const place = placeOf(question, side);
  const isBad =
    question.flow.protocol === 0 ||
    (question.options.semantics === "strict" && (place.address === undefined || place.port < 0));
  const doubt = isBad ? "bad_request" : "set_missing";
  const clauses: Clause[] = [];
  if (match.ports.length > 0 || match.namedPortIpSetIds.length > 0) {
    const answer = isListed(question, place, match.ports, match.namedPortIpSetIds);
    clauses.push({ name: "ports", side, answer, doubt });
  }
  if (match.notPorts.length > 0 || match.notNamedPortIpSetIds.length > 0) {
    const answer = negate(isListed(question, place, match.notPorts, match.notNamedPortIpSetIds));
    clauses.push({ name: "notPorts", side, answer, doubt });
  }
  if (match.ipPortSetIds.length > 0) {
    const answer = all(match.ipPortSetIds.map((id) => isInPortSet(question, place, id)));
    clauses.push({ name: "ipPortSets", side, answer, doubt });
  }
  return clauses;
}

function isListed(
  question: Question,
  place: Place,
  ranges: readonly PortRange[],
  setIds: readonly string[],
): Answer {
  if (place.address === undefined && question.options.semantics === "strict") return "unknown";
  const inRange = (range: PortRange): Answer =>
    place.port < 0 ? "unknown" : fromBoolean(range.first <= place.port && place.port <= range.last);
  return any([...ranges.map(inRange), ...setIds.map((id) => isInPortSet(question, place, id))]);
}
