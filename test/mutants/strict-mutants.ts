import type { Mutant, MutantList } from "./mutant.ts";
import { IDENTITY_ROWS } from "./strict-identity-mutants.ts";
import { PATH_ROWS } from "./strict-path-mutants.ts";
import { WALK_ROWS } from "./strict-walk-mutants.ts";

const CLAUSE_ROWS: readonly Mutant[] = [
  {
    name: "protocol: yes and no exchanged",
    file: "policy/compile/protocol-column.ts",
    find: "return toAnswer(clause === protocol);",
    replace: "return toAnswer(clause !== protocol);",
  },
  {
    name: "protocol: one that is not known is TCP",
    file: "policy/compile/protocol-column.ts",
    find: 'if (clause === "bad" || protocol === PROTOCOL_UNKNOWN) return UNKNOWN;',
    replace:
      'if (clause === "bad") return UNKNOWN;\n  if (protocol === PROTOCOL_UNKNOWN) return toAnswer(clause === 6);',
  },
  {
    name: "protocol: a name that nobody knows never matches",
    file: "policy/compile/protocol-column.ts",
    find: 'if (clause === "bad" || protocol === PROTOCOL_UNKNOWN) return UNKNOWN;',
    replace: 'if (clause === "bad") return NO;\n  if (protocol === PROTOCOL_UNKNOWN) return UNKNOWN;',
  },
  {
    name: "protocol: a number outside 1 to 255 is understood",
    file: "policy/compile/rule-model.ts",
    find: 'return protocol.number >= 1 && protocol.number <= 255 ? protocol.number : "bad";',
    replace: "return protocol.number;",
  },
  {
    name: "protocol: an empty one is any",
    file: "policy/compile/rule-model.ts",
    find: 'if (protocol === "empty") return "bad";',
    replace: 'if (protocol === "empty") return 6;',
  },
  {
    name: "not-protocol: not negated",
    file: "policy/compile/protocol-column.ts",
    find: "notAnswer(answerProtocol(model.notProtocol, protocol))",
    replace: "answerProtocol(model.notProtocol, protocol)",
  },
  {
    name: "IP version: yes and no exchanged",
    file: "policy/compile/protocol-column.ts",
    find: "return toAnswer(sourceFamily === version);",
    replace: "return toAnswer(sourceFamily !== version);",
  },
  {
    name: "IP version: the source alone tells",
    file: "policy/compile/protocol-column.ts",
    find: 'if (version === "bad" || sourceFamily !== destinationFamily || sourceFamily === ADDRESS_NONE)',
    replace: 'if (version === "bad" || sourceFamily === ADDRESS_NONE)',
  },
  {
    name: "IP version: of what is not an IP is no",
    file: "policy/compile/protocol-column.ts",
    find: 'if (version === "bad" || sourceFamily !== destinationFamily || sourceFamily === ADDRESS_NONE)',
    replace:
      'if (version !== "bad" && (sourceFamily === ADDRESS_NONE || destinationFamily === ADDRESS_NONE)) return NO;\n  if (version === "bad" || sourceFamily !== destinationFamily)',
  },
  {
    name: "IP version: one that nobody knows is any",
    file: "policy/compile/rule-model.ts",
    find: 'if (version === undefined || version === 4 || version === 6) return version;\n  return "bad";',
    replace: "if (version === 4 || version === 6) return version;\n  return undefined;",
  },
  {
    name: "ICMP: passed over",
    file: "policy/compile/rule-model.ts",
    find: "isIcmp: rule.icmp !== undefined,",
    replace: "isIcmp: false,",
  },
  {
    name: "ICMP: the negated terms are no",
    file: "policy/compile/rule-model.ts",
    find: "isIcmp: rule.icmp !== undefined,",
    replace: "isIcmp: rule.icmp !== undefined || rule.notIcmp !== undefined,",
  },
  {
    name: "nets: an address inside is outside",
    file: "policy/compile/net-index.ts",
    find: "if (found !== undefined) addBits(rows, found);",
    replace: "",
  },
  {
    name: "nets: the other family is inside",
    file: "policy/compile/net-index.ts",
    find: "const maps = family === 4 ? this.#ipv4 : this.#ipv6;",
    replace: "const maps = this.#ipv4.length > 0 ? this.#ipv4 : this.#ipv6;",
  },
  {
    name: "nets: what is not an IP is outside",
    file: "policy/compile/address-column.ts",
    find: "} else if (!peer.lenient) {\n      addBits(maybe, this.#netRows);\n      differ = true;\n    }",
    replace: "}",
  },
  {
    name: "nets: one that cannot be read is passed over",
    file: "policy/compile/rule-model.ts",
    find: "bad: cidrs.includes(undefined),",
    replace: "bad: false,",
  },
  {
    name: "nets: a bare address is one",
    file: "policy/ip-set.ts",
    find: 'if (!text.includes("/")) return undefined;',
    replace: "",
  },
  {
    name: "not-nets: not negated",
    file: "policy/network-clauses.ts",
    find: "answer = andAnswers(answer, notAnswer(answerNets(side.notNets, peer)));",
    replace: "answer = andAnswers(answer, answerNets(side.notNets, peer));",
  },
  {
    name: "sets: one is enough",
    file: "policy/network-clauses.ts",
    find: "for (const id of side.setIds) answer = andAnswers(answer, answerSet(findSet(id), peer));",
    replace:
      "for (const id of side.setIds.slice(0, 1)) answer = andAnswers(answer, answerSet(findSet(id), peer));",
  },
  {
    name: "sets: yes and no exchanged",
    file: "policy/network-clauses.ts",
    find: "if (set.cidrs.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3)) return YES;",
    replace: "if (!set.cidrs.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3)) return YES;",
  },
  {
    name: "sets: a missing one is empty",
    file: "policy/network-clauses.ts",
    find: 'if (set === undefined || (set.type !== "IP" && set.type !== "NET")) return UNKNOWN;',
    replace:
      'if (set === undefined) return NO;\n  if (set.type !== "IP" && set.type !== "NET") return UNKNOWN;',
  },
  {
    name: "sets: one of the wrong kind is empty",
    file: "policy/network-clauses.ts",
    find: 'if (set === undefined || (set.type !== "IP" && set.type !== "NET")) return UNKNOWN;',
    replace: "if (set === undefined) return UNKNOWN;",
  },
  {
    name: "sets: an incomplete one is complete",
    file: "policy/network-clauses.ts",
    find: "if (set.cidrs.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3)) return YES;\n  return set.incomplete ? UNKNOWN : NO;",
    replace: "if (set.cidrs.has(peer.family, peer.w0, peer.w1, peer.w2, peer.w3)) return YES;\n  return NO;",
  },
  {
    name: "sets: a member that cannot be read is passed over",
    file: "policy/ip-set.ts",
    find: "incomplete: update.incomplete || members.bad.length > 0,",
    replace: "incomplete: update.incomplete,",
  },
  {
    name: "sets: a removal that cannot be read is passed over",
    file: "policy/ip-set.ts",
    find: "if (removed.bad.length > 0) return { set: undefined, issues };",
    replace: "",
  },
  {
    name: "sets: a delta makes a set",
    file: "policy/endpoint-state.ts",
    find: "const set = this.sets.get(delta.id);",
    replace:
      'const set = this.sets.get(delta.id) ?? (yield* createIpSet({ kind: "ipset_update", id: delta.id, type: "NET", members: [], incomplete: false })).set;',
  },
  {
    name: "sets: of what is not an IP is no",
    file: "policy/network-clauses.ts",
    find: 'if (set === undefined || (set.type !== "IP" && set.type !== "NET")) return UNKNOWN;\n  if (!peer.hasAddress) return peer.lenient ? NO : UNKNOWN;',
    replace:
      'if (set === undefined || (set.type !== "IP" && set.type !== "NET")) return UNKNOWN;\n  if (!peer.hasAddress) return NO;',
  },
  {
    name: "not-sets: not negated",
    file: "policy/network-clauses.ts",
    find: "answer = andAnswers(answer, notAnswer(answerSet(findSet(id), peer)));",
    replace: "answer = andAnswers(answer, answerSet(findSet(id), peer));",
  },
  {
    name: "ports: the last of a range is outside",
    file: "policy/compile/port-column.ts",
    find: "ranges.flatMap(({ first, last }) => [first, last + 1])",
    replace: "ranges.flatMap(({ first, last }) => [first, last])",
  },
  {
    name: "ports: without an address there is none to be in",
    file: "policy/compile/port-column.ts",
    find: "addBits(maybe, this.#constrained);\n      return true;",
    replace: "return false;",
  },
  {
    name: "ports: the source is asked about the destination's",
    file: "policy/network-clauses.ts",
    find: "flow.sourcePort,",
    replace: "flow.destinationPort,",
  },
  {
    name: "not-ports: not negated",
    file: "policy/compile/port-column.ts",
    find: "return allowed && !(side?.notPorts?.ranges.has(port) ?? false);",
    replace: "return allowed && (side?.notPorts?.ranges.has(port) ?? true);",
  },
  {
    name: "named ports: asked instead of the ranges beside them",
    file: "policy/network-clauses.ts",
    find: "let answer = toAnswer(ports.ranges.has(peer.port));",
    replace: "let answer: Answer = ports.setIds.length > 0 ? NO : toAnswer(ports.ranges.has(peer.port));",
  },
  {
    name: "named ports: passed over",
    file: "policy/network-clauses.ts",
    find: "for (const id of ports.setIds) answer = orAnswers(answer, answerPortSet(findSet(id), peer));",
    replace: "",
  },
  {
    name: "named ports: excluded ones are not",
    file: "policy/network-clauses.ts",
    find: "answer = andAnswers(answer, notAnswer(answerPorts(side.notPorts, peer, findSet)));",
    replace: "answer = andAnswers(answer, answerPorts(side.notPorts, peer, findSet));",
  },
  {
    name: "port sets: a missing one is empty",
    file: "policy/network-clauses.ts",
    find: 'if (set === undefined || set.type !== "IP_AND_PORT") return UNKNOWN;',
    replace: 'if (set === undefined) return NO;\n  if (set.type !== "IP_AND_PORT") return UNKNOWN;',
  },
  {
    name: "port sets: one of the wrong kind is empty",
    file: "policy/network-clauses.ts",
    find: 'if (set === undefined || set.type !== "IP_AND_PORT") return UNKNOWN;',
    replace: "if (set === undefined) return UNKNOWN;",
  },
  {
    name: "port sets: a protocol that is not known is in none",
    file: "policy/network-clauses.ts",
    find: "if (peer.port === PORT_UNKNOWN || peer.protocol === PROTOCOL_UNKNOWN) return UNKNOWN;",
    replace: "if (peer.port === PORT_UNKNOWN) return UNKNOWN;",
  },
  {
    name: "port sets: an incomplete one is complete",
    file: "policy/network-clauses.ts",
    find: "peer.protocol, peer.port)) return YES;\n  return set.incomplete ? UNKNOWN : NO;",
    replace: "peer.protocol, peer.port)) return YES;\n  return NO;",
  },
  {
    name: "service sets: passed over",
    file: "policy/network-clauses.ts",
    find: "for (const id of side.ipPortSetIds) answer = andAnswers(answer, answerPortSet(findSet(id), peer));",
    replace: "",
  },
  {
    name: "service sets: one is enough",
    file: "policy/network-clauses.ts",
    find: "for (const id of side.ipPortSetIds) answer",
    replace: "for (const id of side.ipPortSetIds.slice(0, 1)) answer",
  },
  {
    name: "HTTP: methods in any case",
    file: "policy/compile/method-column.ts",
    find: "return this.#yesByMethod.get(method) ?? this.#otherYes;",
    replace: "return this.#yesByMethod.get(method.toUpperCase()) ?? this.#otherYes;",
  },
  {
    name: "HTTP: a star is a method",
    file: "policy/compile/rule-model.ts",
    find: 'http.methods.length === 0 || http.methods.includes("*");',
    replace: "http.methods.length === 0;",
  },
  {
    name: "HTTP: without it the clause is no",
    file: "policy/compile/bound-segment.ts",
    find: "else if (!this.#lenient) columns.push(GROUP_METHOD, method.free, method.all);",
    replace: "else if (!this.#lenient) columns.push(GROUP_METHOD, method.free, method.free);",
  },
  {
    name: "HTTP: without it the clause is yes",
    file: "policy/compile/bound-segment.ts",
    find: "else if (!this.#lenient) columns.push(GROUP_METHOD, method.free, method.all);",
    replace: "else if (!this.#lenient) columns.push(GROUP_METHOD, method.all, method.all);",
  },
  {
    name: "HTTP: an empty match asks nothing",
    file: "policy/compile/rule-model.ts",
    find: "http: rule.http && parseHttp(rule.http),",
    replace:
      "http: rule.http && (rule.http.methods.length + rule.http.paths.length > 0 ? parseHttp(rule.http) : undefined),",
  },
  {
    name: "HTTP: a path entry that says nothing is passed over",
    file: "policy/compile/rule-model.ts",
    find: 'bad: http.paths.some((match) => pathText(match) === ""),',
    replace: "bad: false,",
  },
];

/** Each row of docs/semantics.md turned around in the engine, which at least one strict vector has to notice. */
export const STRICT_MUTANTS: MutantList = {
  about: "rows of the contract, against the strict vectors",
  tests: ["vectors/strict.test.ts"],
  mutants: [...CLAUSE_ROWS, ...IDENTITY_ROWS, ...WALK_ROWS, ...PATH_ROWS],
};
