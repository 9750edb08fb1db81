/** Clauses about the connection itself. */
import type { Protocol, Rule } from "../../../src/policy/messages.ts";
import { destinationAddress, sourceAddress } from "./addresses.ts";
import { type Answer, fromBoolean, negate } from "./answers.ts";
import type { Clause } from "./clauses.ts";
import type { Question } from "./question.ts";

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
};

export function askProtocol(question: Question, rule: Rule): Clause[] {
  const clauses: Clause[] = [];
  if (rule.protocol !== undefined) {
    const answer = isProtocol(question, rule.protocol);
    clauses.push({ name: "protocol", side: undefined, answer, doubt: doubtAbout(rule.protocol) });
  }
  if (rule.notProtocol !== undefined) {
    const answer = negate(isProtocol(question, rule.notProtocol));
    clauses.push({ name: "notProtocol", side: undefined, answer, doubt: doubtAbout(rule.notProtocol) });
  }
  return clauses;
}

function numberOf(protocol: Protocol | "empty"): number | undefined {
  if (protocol === "empty") return undefined;
  const number = "number" in protocol ? protocol.number : PROTOCOL_NUMBERS[protocol.name.toLowerCase()];
  return number !== undefined && number >= 1 && number <= 255 ? number : undefined;
}

function doubtAbout(protocol: Protocol | "empty"): Clause["doubt"] {
  return numberOf(protocol) === undefined ? "policy_broken" : "bad_request";
}

function isProtocol(question: Question, protocol: Protocol | "empty"): Answer {
  const number = numberOf(protocol);
  if (number === undefined || question.flow.protocol === 0) return "unknown";
  return fromBoolean(number === question.flow.protocol);
}

/** Both addresses have a say; a connection whose two ends differ is of no version that a rule could mean. */
export function askVersion(question: Question, rule: Rule): Clause[] {
  const { ipVersion } = rule;
  if (ipVersion === undefined) return [];
  const isKnown = ipVersion === 4 || ipVersion === 6;
  const families = [sourceAddress(question.flow)?.family, destinationAddress(question.flow)?.family];
  let answer: Answer = "unknown";
  if (isKnown && !families.includes(undefined) && families[0] === families[1]) {
    answer = fromBoolean(families[0] === ipVersion);
  }
  return [{ name: "ipVersion", side: undefined, answer, doubt: isKnown ? "bad_request" : "policy_broken" }];
}
