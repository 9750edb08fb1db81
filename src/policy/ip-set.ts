import type { Issue } from "../base/issue.ts";
import type { Steps } from "../base/steps.ts";
import { type Cidr, hostCidr, parseAddress, parseCidrMasked } from "../net/address.ts";
import { type AddressPort, AddressPortSet, parseAddressPort } from "../net/address-port-set.ts";
import { CidrSet } from "../net/cidr-set.ts";
import type { IpSetUpdate } from "./messages.ts";

/**
 * An IP set as the evaluator asks it; an immutable value.
 *
 * Exactly one of `cidrs` and `ports` answers, by the set's kind; a set of a kind that is not known has neither members nor an answer.
 */
export type IpSet = {
  readonly id: string;
  readonly type: IpSetUpdate["type"];
  /** Members of an IP or NET set. */
  readonly cidrs: CidrSet;
  /** Members of an IP_AND_PORT set. */
  readonly ports: AddressPortSet;
  /** What is not a member may be one: asked about it, the set does not know. */
  readonly incomplete: boolean;
};

/** Issues listed one by one for a set; beyond that only their number is said. */
const MEMBER_ISSUES_MAX = 3;

/** Reads a full update. Members that do not parse make the set incomplete. */
export function* createIpSet(
  update: IpSetUpdate,
): Steps<{ readonly set: IpSet; readonly issues: readonly Issue[] }> {
  if (update.type === "unknown") {
    const set: IpSet = { ...emptySet(update.id, "unknown"), incomplete: true };
    return { set, issues: [createIssue(update.id, "is of a kind that is not known")] };
  }
  const members = yield* parseMembers(update.type, update.members);
  const empty = emptySet(update.id, update.type);
  const set: IpSet = {
    ...empty,
    cidrs: yield* empty.cidrs.withDeltaSteps(members.cidrs, []),
    ports: yield* empty.ports.withDeltaSteps(members.ports, []),
    incomplete: update.incomplete || members.bad.length > 0,
  };
  return { set, issues: createMemberIssues(update.id, members.bad) };
}

/**
 * Adds members, then removes members.
 *
 * @returns the set is undefined where a removal does not parse: any member may have been meant, so none can be trusted.
 */
export function* applyDelta(
  set: IpSet,
  delta: { readonly addedMembers: readonly string[]; readonly removedMembers: readonly string[] },
): Steps<{ readonly set: IpSet | undefined; readonly issues: readonly Issue[] }> {
  const added = yield* parseMembers(set.type, delta.addedMembers);
  const removed = yield* parseMembers(set.type, delta.removedMembers);
  const issues = createMemberIssues(set.id, [...added.bad, ...removed.bad]);
  if (removed.bad.length > 0) return { set: undefined, issues };
  const cidrs = yield* set.cidrs.withDeltaSteps(added.cidrs, []);
  const ports = yield* set.ports.withDeltaSteps(added.ports, []);
  const next: IpSet = {
    ...set,
    cidrs: yield* cidrs.withDeltaSteps([], removed.cidrs),
    ports: yield* ports.withDeltaSteps([], removed.ports),
    incomplete: set.incomplete || added.bad.length > 0,
  };
  return { set: next, issues };
}

export function countMembers(set: IpSet): number {
  return set.cidrs.size + set.ports.size;
}

function emptySet(id: string, type: IpSet["type"]): IpSet {
  return { id, type, cidrs: CidrSet.empty, ports: AddressPortSet.empty, incomplete: false };
}

type Members = { readonly cidrs: Cidr[]; readonly ports: AddressPort[]; readonly bad: string[] };

/** Members parsed in one step; some tenths of a millisecond. */
const STEP_MEMBERS = 512;

function* parseMembers(type: IpSet["type"], texts: readonly string[]): Steps<Members> {
  const members: Members = { cidrs: [], ports: [], bad: [] };
  let count = 0;
  for (const text of texts) {
    if (!parseMember(type, text, members)) members.bad.push(text);
    if (++count % STEP_MEMBERS === 0) yield;
  }
  return members;
}

function parseMember(type: IpSet["type"], text: string, members: Members): boolean {
  switch (type) {
    case "IP": {
      const address = parseAddress(text);
      if (address !== undefined) members.cidrs.push(hostCidr(address));
      return address !== undefined;
    }
    case "NET": {
      const cidr = parseNet(text);
      if (cidr !== undefined) members.cidrs.push(cidr);
      return cidr !== undefined;
    }
    case "IP_AND_PORT": {
      const member = parseAddressPort(text);
      if (member.ok) members.ports.push(member.value);
      return member.ok;
    }
    case "unknown":
      return false;
  }
}

/** `address/length` with host bits ignored; a bare address is refused, for the protocol always writes the length. */
export function parseNet(text: string): Cidr | undefined {
  if (!text.includes("/")) return undefined;
  const cidr = parseCidrMasked(text);
  return cidr.ok ? cidr.value : undefined;
}

function createMemberIssues(id: string, bad: readonly string[]): readonly Issue[] {
  const issues = bad
    .slice(0, MEMBER_ISSUES_MAX)
    .map((text) => createIssue(id, `has a member that can't be read: \`${text.slice(0, 100)}\``));
  const more = bad.length - issues.length;
  if (more > 0) issues.push(createIssue(id, `has ${more} more members that can't be read`));
  return issues;
}

function createIssue(id: string, message: string): Issue {
  return { severity: "error", code: "bad_message", where: `IP set ${id}`, message };
}
