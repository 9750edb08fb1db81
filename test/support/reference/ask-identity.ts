/** Clauses about who the two sides are. */
import type { PeerIdentity } from "../../../src/identity/peer-identity.ts";
import type { EntityMatch, Labels, Rule } from "../../../src/policy/messages.ts";
import { type Answer, all, fromBoolean } from "./answers.ts";
import type { Clause } from "./clauses.ts";
import { type Party, partyOf } from "./parties.ts";
import type { Question } from "./question.ts";
import { type Meaning, PLAIN_MEANING, readSelectorText } from "./selector-text.ts";

type Side = "source" | "destination";

export function askIdentity(question: Question, rule: Rule, policyNamespace: string, side: Side): Clause[] {
  const match = rule[side];
  const party = partyOf(question, side);
  const clauses: Clause[] = [];
  const account = match.serviceAccountMatch;
  if (account !== undefined && (account.names.length > 0 || account.selector !== "")) {
    const answer = askServiceAccount(question, party, account.names, account.selector);
    clauses.push({ name: "serviceAccount", side, answer, doubt: doubtAbout(party, account.selector) });
  }
  if (match.identityMatch !== undefined && side === "source") {
    const { ids, prefixes, trustDomains } = match.identityMatch;
    const isRead =
      ids.length + prefixes.length + trustDomains.length > 0 &&
      [...ids, ...prefixes, ...trustDomains.map((domain) => `spiffe://${domain}`)].every((id) => ID.test(id));
    const answer = isRead ? askIdentities(question.flow.peer, match.identityMatch) : "unknown";
    clauses.push({
      name: "identities",
      side,
      answer,
      doubt: isRead ? doubtAbout(party, "") : "policy_broken",
    });
  }
  if (requiresNamespace(match, policyNamespace)) {
    const answer = askNamespace(question, party, match, policyNamespace);
    clauses.push({
      name: "namespace",
      side,
      answer,
      doubt: doubtAbout(party, match.originalNamespaceSelector),
    });
  }
  return clauses;
}

/** As far as the texts in these tests go. */
const ID = /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

function askIdentities(peer: PeerIdentity, match: NonNullable<EntityMatch["identityMatch"]>): Answer {
  const proven =
    peer.kind === "service-account" ? peer.id : peer.kind === "foreign" ? peer.spiffeId : undefined;
  if (proven === undefined || !ID.test(proven)) return "unknown";
  const domain = proven.split("/")[2]!;
  return fromBoolean(
    match.ids.includes(proven) ||
      match.trustDomains.includes(domain) ||
      match.prefixes.some((prefix) => `${proven}/`.startsWith(`${prefix}/`)),
  );
}

function doubtAbout(party: Party, selector: string): Clause["doubt"] {
  if (readSelectorText(selector) === undefined) return "policy_broken";
  return party.kind === "none" || party.kind === "foreign" ? "identity_unverified" : "set_missing";
}

function askServiceAccount(
  question: Question,
  party: Party,
  names: readonly string[],
  selector: string,
): Answer {
  const calico = question.options.semantics === "calico";
  const predicate = readSelectorText(selector);
  if (party.kind === "none") return calico && predicate !== undefined ? "yes" : "unknown";
  const parts: Answer[] = [];
  if (names.length > 0) parts.push(askNames(party, names));
  if (selector !== "") {
    parts.push(predicate === undefined ? "unknown" : predicateOf(question, party, predicate));
  }
  return all(parts);
}

function askNames(party: Party, names: readonly string[]): Answer {
  switch (party.kind) {
    case "none":
    case "unreadable":
      return "unknown";
    case "foreign":
      return party.otherTrustDomain ? "no" : "unknown";
    case "host":
      return "no";
    case "known":
      return party.serviceAccount === undefined
        ? "unknown"
        : fromBoolean(names.includes(party.serviceAccount));
  }
}

function predicateOf(
  question: Question,
  party: Party,
  predicate: NonNullable<ReturnType<typeof readSelectorText>>,
): Answer {
  switch (party.kind) {
    case "none":
    case "foreign":
    case "unreadable":
      return "unknown";
    case "host":
      return predicate(new Map(), PLAIN_MEANING);
    case "known": {
      if (party.serviceAccount === undefined) return "unknown";
      const labels = question.state.serviceAccounts.get(`${party.namespace}/${party.serviceAccount}`);
      return predicate(received(question, labels), PLAIN_MEANING);
    }
  }
}

/** Labels that never came are unknown; `calico` takes them for none. */
function received(question: Question, labels: Labels | undefined): Labels | undefined {
  return labels === undefined && question.options.semantics === "calico" ? new Map() : labels;
}

/** Whether the rule says anything about the namespace of this side. */
export function requiresNamespace(match: EntityMatch, policyNamespace: string): boolean {
  if (match.originalNamespaceSelector !== "") return true;
  if (policyNamespace === "") return false;
  const account = match.serviceAccountMatch;
  return (
    match.originalSelector !== "" ||
    match.originalNotSelector !== "" ||
    (account !== undefined && (account.names.length > 0 || account.selector !== ""))
  );
}

const HAS_NAMESPACE: Meaning = { all: "yes", global: "no" };
const HAS_NO_NAMESPACE: Meaning = { all: "no", global: "yes" };

function askNamespace(question: Question, party: Party, match: EntityMatch, policyNamespace: string): Answer {
  const selector = match.originalNamespaceSelector;
  const predicate = readSelectorText(selector);
  if (predicate === undefined) return "unknown";
  switch (party.kind) {
    case "foreign":
    case "unreadable":
      return "unknown";
    case "none":
      if (question.options.requireIdentity) return "unknown";
      if (question.options.semantics === "calico") return "yes";
      return carriesRequirement(match) ? "yes" : "unknown";
    case "host":
      return selector === "" ? "no" : predicate(new Map(), HAS_NO_NAMESPACE);
    case "known": {
      if (selector === "") return fromBoolean(party.namespace === policyNamespace);
      return predicate(received(question, question.state.namespaces.get(party.namespace)), HAS_NAMESPACE);
    }
  }
}

/** A set of this side has the namespace in it, and nothing lets an address in past that set. */
function carriesRequirement(match: EntityMatch): boolean {
  if (match.ipSetIds.length > 0 || match.ipPortSetIds.length > 0) return true;
  return match.namedPortIpSetIds.length > 0 && match.ports.length === 0;
}

/**
 * `--peer identity`: whether the source is described by who it is alone, so that its one set says no more than a
 * verified identity does.
 */
export function isDescribedByIdentity(question: Question, match: EntityMatch, side: Side): boolean {
  if (question.options.peer !== "identity" || side !== "source") return false;
  const account = match.serviceAccountMatch;
  const namesWho =
    match.originalNamespaceSelector !== "" ||
    (account !== undefined && (account.names.length > 0 || account.selector !== ""));
  const others = [
    match.nets,
    match.notNets,
    match.notIpSetIds,
    match.namedPortIpSetIds,
    match.notNamedPortIpSetIds,
    match.ipPortSetIds,
  ];
  return (
    namesWho &&
    match.originalSelector === "" &&
    match.originalNotSelector === "" &&
    match.originalService === "" &&
    match.ipSetIds.length === 1 &&
    others.every((list) => list.length === 0)
  );
}
