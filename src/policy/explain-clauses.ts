import { formatAddress, formatCidr } from "../net/address.ts";
import { protocolName } from "../net/protocol.ts";
import { type Answer, andAnswers, NO, notAnswer, orAnswers, UNKNOWN, YES } from "./answer.ts";
import { answerIpVersion, answerProtocol } from "./compile/protocol-column.ts";
import type { HttpModel, NetsModel, PortsModel, RuleModel, SideModel } from "./compile/rule-model.ts";
import { type PathUnderReading, pathAnswer } from "./explain-path.ts";
import { type Flow, PROTOCOL_UNKNOWN } from "./flow.ts";
import { answerIdentities, answerNamespace, answerServiceAccount, type Subject } from "./identity-clauses.ts";
import type { EntityMatch } from "./messages.ts";
import {
  answerNets,
  answerPortSet,
  answerPorts,
  answerSet,
  type FindSet,
  type Peer,
} from "./network-clauses.ts";
import type { PolicyOptions } from "./options.ts";
import type { DenyReason } from "./verdict.ts";

/** What one clause of a rule said to a request, and why. */
export type ClauseExplanation = {
  /** `source service account`, `path`, … */
  readonly clause: string;
  readonly answer: "yes" | "no" | "unknown";
  /** For a person: a lower-case sentence. */
  readonly why: string;
};

/** A clause with what a doubt about it is called; clauses of one group share the attribution. */
export type JudgedClause = {
  readonly clause: string;
  readonly group: ClauseGroup;
  readonly answer: Answer;
  readonly why: string;
  /** The reason if the answer is unknown. */
  readonly doubt: DenyReason;
};

/** In the order in which a doubt is attributed. */
export const CLAUSE_GROUPS = [
  "rule",
  "source identity",
  "source address",
  "source ports",
  "destination identity",
  "destination address",
  "destination ports",
  "http",
  "protocol",
] as const;

export type ClauseGroup = (typeof CLAUSE_GROUPS)[number];

/** Everything that clauses are asked about, for one request under one reading of its path. */
export type ClauseContext = {
  readonly flow: Flow;
  readonly options: PolicyOptions;
  readonly source: Peer;
  readonly destination: Peer;
  readonly sourceSubject: Subject;
  readonly destinationSubject: Subject;
  readonly path: PathUnderReading;
  readonly findSet: FindSet;
};

/** Asks every clause of a rule, one after the other. */
export function judgeClauses(
  model: RuleModel,
  unusable: string,
  context: ClauseContext,
): readonly JudgedClause[] {
  if (!model.usable) {
    const why = `the object can't be used: ${unusable}`;
    return [{ clause: "rule", group: "rule", answer: UNKNOWN, why, doubt: "policy_broken" }];
  }
  return [
    ...judgeSide("source", model, context.source, context.sourceSubject, context),
    ...judgeSide("destination", model, context.destination, context.destinationSubject, context),
    ...(model.http === undefined ? [] : judgeHttp(model.http, context)),
    ...judgeProtocol(model, context),
  ];
}

function judgeSide(
  side: "source" | "destination",
  { rule, [side]: model }: RuleModel,
  peer: Peer,
  subject: Subject,
  context: ClauseContext,
): readonly JudgedClause[] {
  return [
    ...judgeIdentity(side, model, subject),
    ...judgeAddress(side, model, peer, { context, setOrigin: describeSetOrigin(rule[side]) }),
    ...judgePorts(side, model, peer, context),
  ];
}

/** What the author wrote that a side's IP set was made of; empty where that is not told, or there are several sets. */
function describeSetOrigin(entity: EntityMatch): string {
  const { originalSelector, originalNamespaceSelector, ipSetIds } = entity;
  if (ipSetIds.length !== 1 || originalSelector === "") return "";
  const where = originalNamespaceSelector === "" ? "" : ` in namespaces \`${originalNamespaceSelector}\``;
  return ` (selector \`${originalSelector}\`${where})`;
}

function judgeIdentity(
  side: "source" | "destination",
  model: SideModel,
  subject: Subject,
): readonly JudgedClause[] {
  const { serviceAccount, namespace, identities } = model;
  const bad =
    identities === "bad" ||
    serviceAccount?.selector === "bad" ||
    (namespace?.kind === "selector" && namespace.selector === "bad");
  const known = subject.kind === "account" || subject.kind === "host";
  const doubt = bad ? "policy_broken" : known ? "set_missing" : "identity_unverified";
  const group: ClauseGroup = `${side} identity`;
  const clauses: JudgedClause[] = [];
  if (serviceAccount !== undefined) {
    const asked = [
      ...(serviceAccount.names === undefined ? [] : [`named ${[...serviceAccount.names].join(" or ")}`]),
      ...(serviceAccount.selector === undefined
        ? []
        : [
            serviceAccount.selector === "bad"
              ? "with labels by a selector that can't be read"
              : "with labels that its selector asks for",
          ]),
    ].join(" and ");
    clauses.push({
      clause: `${side} service account`,
      group,
      answer: answerServiceAccount(serviceAccount, subject),
      why: `asks for a service account ${asked}; ${describeSubject(side, subject)}`,
      doubt,
    });
  }
  if (identities !== undefined) {
    clauses.push({
      clause: `${side} identity`,
      group,
      answer: answerIdentities(identities, subject),
      why: `asks for ${describeIdentities(identities)}; ${describeId(side, subject)}`,
      doubt,
    });
  }
  if (namespace !== undefined) {
    const asked =
      namespace.kind === "name"
        ? `the namespace ${namespace.name}`
        : `a namespace matching \`${namespace.text}\``;
    const carried =
      subject.kind === "none" && model.setCarriesNamespace ? ", and an IP set carries the requirement" : "";
    clauses.push({
      clause: `${side} namespace`,
      group,
      answer: answerNamespace(namespace, model, subject),
      why: `asks for ${asked}; ${describeSubject(side, subject)}${carried}`,
      doubt,
    });
  }
  return clauses;
}

function describeIdentities(identities: NonNullable<SideModel["identities"]>): string {
  if (identities === "bad") return "SPIFFE IDs that can't be read";
  const { ids, prefixes, trustDomains } = identities;
  return listSome([
    ...ids,
    ...prefixes.map((prefix) => `${prefix} and all below`),
    ...[...trustDomains].map((domain) => `all of trust domain ${domain}`),
  ]);
}

function describeId(side: "source" | "destination", subject: Subject): string {
  const id = subject.kind === "account" || subject.kind === "foreign" ? subject.spiffeId : undefined;
  return id === undefined ? describeSubject(side, subject) : `the ${side} is ${id.text}`;
}

function describeSubject(side: "source" | "destination", subject: Subject): string {
  switch (subject.kind) {
    case "account": {
      if (subject.namespace === undefined) return `nothing is known of the ${side}'s namespace`;
      const labels = [
        ...(subject.accountLabels === undefined ? ["its labels were not received"] : []),
        ...(subject.namespaceLabels === undefined ? ["its namespace's labels were not received"] : []),
      ];
      const name = subject.name ?? "(service account not known)";
      return [`the ${side} is ${subject.namespace}/${name}`, ...labels].join(", ");
    }
    case "host":
      return `the ${side} is a host, without namespace and service account`;
    case "none":
      return `the ${side} showed no identity`;
    case "foreign":
      return subject.otherTrustDomain
        ? `the ${side} is of a trust domain that is not ours`
        : `the ${side}'s identity can't be judged`;
  }
}

function judgeAddress(
  side: "source" | "destination",
  model: SideModel,
  peer: Peer,
  { context, setOrigin }: { readonly context: ClauseContext; readonly setOrigin: string },
): readonly JudgedClause[] {
  const group: ClauseGroup = `${side} address`;
  const bad = model.nets?.bad || model.notNets?.bad;
  const doubt = bad ? "policy_broken" : peer.hasAddress || peer.lenient ? "set_missing" : "bad_request";
  const byIdentity = side === "source" && context.options.peer === "identity";
  const clauses: JudgedClause[] = [];
  const push = (clause: string, answer: Answer, why: string): void => {
    clauses.push({ clause: `${side} ${clause}`, group, answer, why, doubt });
  };
  for (const id of model.setIds) {
    const answer = answerSet(context.findSet(id), peer);
    const told = describeSet(`${id}${setOrigin}`, context.findSet(id), peer);
    if (!byIdentity || !model.identityDecides) push("IP set", answer, told);
    else if (context.flow.peer.kind === "service-account") {
      push("IP set", YES, "the verified identity stands in for the set");
    } else {
      const hint =
        answer === NO ? ", and not to be in it proves nothing of a caller that is not verified" : "";
      push("IP set", orAnswers(answer, UNKNOWN), told + hint);
    }
  }
  for (const id of model.notSetIds) {
    const answer = notAnswer(answerSet(context.findSet(id), peer));
    push("not IP set", answer, describeSet(id, context.findSet(id), peer));
  }
  if (model.nets !== undefined) push("nets", answerNets(model.nets, peer), describeNets(model.nets, peer));
  if (model.notNets !== undefined) {
    push("not nets", notAnswer(answerNets(model.notNets, peer)), describeNets(model.notNets, peer));
  }
  return clauses;
}

function judgePorts(
  side: "source" | "destination",
  model: SideModel,
  peer: Peer,
  { findSet }: ClauseContext,
): readonly JudgedClause[] {
  const group: ClauseGroup = `${side} ports`;
  const known = peer.port >= 0 && peer.protocol !== PROTOCOL_UNKNOWN && (peer.hasAddress || peer.lenient);
  const doubt = known ? "set_missing" : "bad_request";
  const clauses: JudgedClause[] = [];
  const push = (clause: string, answer: Answer, why: string): void => {
    clauses.push({ clause: `${side} ${clause}`, group, answer, why, doubt });
  };
  for (const id of model.ipPortSetIds) {
    push("service set", answerPortSet(findSet(id), peer), describeSet(id, findSet(id), peer));
  }
  if (model.ports !== undefined) {
    push("ports", answerPorts(model.ports, peer, findSet), describePorts(model.ports, peer));
  }
  if (model.notPorts !== undefined) {
    const answer = notAnswer(answerPorts(model.notPorts, peer, findSet));
    push("not ports", answer, describePorts(model.notPorts, peer));
  }
  return clauses;
}

function judgeHttp(http: HttpModel, { flow, options, path }: ClauseContext): readonly JudgedClause[] {
  const group: ClauseGroup = "http";
  const doubt = http.bad ? "policy_broken" : flow.hasHttp ? "path_ambiguous" : "no_http";
  if (!flow.hasHttp) {
    const answer = options.semantics === "calico" && !http.bad ? YES : UNKNOWN;
    return [{ clause: "http", group, answer, why: "the check carries no HTTP part", doubt }];
  }
  const clauses: JudgedClause[] = [];
  const { methods, paths } = http;
  if (methods !== undefined) {
    const has = methods.has(flow.method);
    const why = `the method ${flow.method} ${has ? "is" : "is not"} among ${[...methods].join(", ")}`;
    clauses.push({ clause: "method", group, answer: has ? YES : NO, why, doubt });
  }
  if (http.bad) {
    const why = "asks for a kind of path match that is not understood";
    clauses.push({ clause: "path", group, answer: UNKNOWN, why, doubt });
  } else if (paths !== undefined) {
    const { answer, why } = pathAnswer(paths, path);
    clauses.push({ clause: "path", group, answer, why, doubt });
  }
  return clauses;
}

function judgeProtocol(model: RuleModel, { flow }: ClauseContext): readonly JudgedClause[] {
  const group: ClauseGroup = "protocol";
  const bad = model.protocol === "bad" || model.notProtocol === "bad" || model.ipVersion === "bad";
  const doubt = bad ? "policy_broken" : "bad_request";
  const clauses: JudgedClause[] = [];
  const seen =
    flow.protocol === PROTOCOL_UNKNOWN
      ? "the connection's protocol is not known"
      : `the connection's protocol is ${protocolName(flow.protocol) ?? flow.protocol}`;
  const describe = (asked: number | "bad"): string =>
    asked === "bad"
      ? "the rule's protocol is not understood"
      : `asks about ${protocolName(asked) ?? asked}; ${seen}`;
  const push = (clause: string, answer: Answer, why: string): void => {
    clauses.push({ clause, group, answer, why, doubt });
  };
  if (model.protocol !== undefined) {
    push("protocol", answerProtocol(model.protocol, flow.protocol), describe(model.protocol));
  }
  if (model.notProtocol !== undefined) {
    push(
      "not protocol",
      notAnswer(answerProtocol(model.notProtocol, flow.protocol)),
      describe(model.notProtocol),
    );
  }
  if (model.ipVersion !== undefined) {
    const answer = answerIpVersion(model.ipVersion, flow.sourceFamily, flow.destinationFamily);
    const why =
      model.ipVersion === "bad"
        ? "the rule's IP version is not understood"
        : `asks for IPv${model.ipVersion}`;
    push("IP version", answer, why);
  }
  if (model.isIcmp) push("ICMP", NO, "the rule asks for ICMP, which never reaches a check");
  return clauses;
}

/** The AND of clauses. */
export function answerOf(clauses: readonly JudgedClause[]): Answer {
  let answer: Answer = YES;
  for (const clause of clauses) answer = andAnswers(answer, clause.answer);
  return answer;
}

/** What the doubt about a rule is called: that of its first group with an unknown clause. */
export function doubtOf(clauses: readonly JudgedClause[]): DenyReason {
  for (const group of CLAUSE_GROUPS) {
    const unknown = clauses.find((clause) => clause.group === group && clause.answer === UNKNOWN);
    if (unknown !== undefined) return unknown.doubt;
  }
  return "internal";
}

/** The peer's address for a person. */
export function describeAddress(peer: Peer): string {
  const { family, w0, w1, w2, w3 } = peer;
  return family === 4 || family === 6
    ? formatAddress({ family, w0: w0 >>> 0, w1: w1 >>> 0, w2: w2 >>> 0, w3: w3 >>> 0 })
    : "an address that is not an IP";
}

function describeSet(name: string, set: ReturnType<FindSet>, peer: Peer): string {
  if (set === undefined) return `IP set ${name} was not received`;
  const size = set.cidrs.size + set.ports.size;
  const completeness = set.incomplete ? ", which may lack members" : "";
  return `asks ${describeAddress(peer)} of IP set ${name} with ${size} members${completeness}`;
}

/** As many of a list as a sentence bears. */
const LISTED_MAX = 8;

export function listSome(texts: readonly string[]): string {
  const some = texts.slice(0, LISTED_MAX).join(", ");
  return texts.length > LISTED_MAX ? `${some} and ${texts.length - LISTED_MAX} more` : some;
}

function describeNets(nets: NetsModel, peer: Peer): string {
  if (nets.bad) return "the list holds a CIDR that can't be read";
  return `asks ${describeAddress(peer)} of ${listSome(nets.cidrs.map(formatCidr))}`;
}

function describePorts(ports: PortsModel, peer: Peer): string {
  const ranges = ports.ranges.ranges.map(({ first, last }) =>
    first === last ? `${first}` : `${first}-${last}`,
  );
  const port = peer.port < 0 ? "a port that is not known" : `port ${peer.port}`;
  return `asks ${port} of ${listSome([...ranges, ...ports.setIds.map((id) => `named-port set ${id}`)])}`;
}
