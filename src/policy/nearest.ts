import { EXPLAIN_TRIES_MAX, EXPLAIN_WALKS_MAX } from "../base/limits.ts";
import { formatCidr, type IpAddress } from "../net/address.ts";
import { NO, YES } from "./answer.ts";
import type { RuleModel } from "./compile/rule-model.ts";
import { evaluateSnapshot } from "./evaluate.ts";
import { describeAddress, type JudgedClause, judgeClauses, listSome } from "./explain-clauses.ts";
import { type PathUnderReading, readingsOfPath } from "./explain-path.ts";
import { createContext, explainWalk } from "./explain-walk.ts";
import { ADDRESS_IPV4, ADDRESS_IPV6, Flow } from "./flow.ts";
import { Peer } from "./network-clauses.ts";
import type { ListedObject, Snapshot } from "./snapshot.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The nearest single change that would turn a denial into an allow, as a sentence.
 *
 * First a change to the request that satisfies an allow rule of which it fails one aspect: the method, the path, who calls, from which
 * address, to which port. Then a change to policy: an allow rule whose failing clauses are dropped, or a deny rule that does not apply.
 * Each is tried out before it is told, so what is said is so.
 */
export function findNearest(snapshot: Snapshot, flow: Flow, verdict: Verdict): string | undefined {
  if (verdict.allowed) return undefined;
  const search = new Search(snapshot, flow);
  return search.changeRequest() ?? search.changeAllow() ?? search.changeDeny(verdict);
}

/** What of a request a clause is about; all that one change can mend. */
type Aspect = "method" | "path" | "caller" | "address" | "port" | "other";

/** Nearer changes first. */
const ASPECTS: readonly Aspect[] = ["method", "path", "caller", "address", "port"];

type Candidate = {
  readonly object: ListedObject;
  readonly ruleIndex: number;
  readonly model: RuleModel;
  readonly failing: readonly JudgedClause[];
};

class Search {
  readonly #snapshot: Snapshot;
  readonly #flow: Flow;
  readonly #paths: readonly PathUnderReading[];
  readonly #candidates: readonly Candidate[];
  #triesLeft = EXPLAIN_TRIES_MAX;
  #walksLeft = EXPLAIN_WALKS_MAX;

  constructor(snapshot: Snapshot, flow: Flow) {
    this.#snapshot = snapshot;
    this.#flow = flow;
    this.#paths = readingsOfPath(flow, snapshot.options);
    this.#candidates = findCandidates(snapshot, flow, this.#paths);
  }

  changeRequest(): string | undefined {
    for (const aspect of ASPECTS) {
      for (const candidate of this.#candidates) {
        if (aspectOf(candidate.failing) !== aspect) continue;
        const sentence = this.#tryAspect(aspect, candidate);
        if (sentence !== undefined) return sentence;
      }
    }
    return undefined;
  }

  /** A rule that would allow if one clause of it were not there. */
  changeAllow(): string | undefined {
    for (const { model, failing, object, ruleIndex } of this.#candidates) {
      const [first, ...others] = failing;
      if (first === undefined || others.length > 0 || !this.#allowsIf(model, YES)) continue;
      return `${nameRule(object, ruleIndex)} would allow it but for its ${first.clause}: ${first.why}`;
    }
    return undefined;
  }

  /** The rule that denied, if nothing else would. */
  changeDeny({ decider }: Verdict): string | undefined {
    if (decider.kind !== "rule") return undefined;
    const { policy, ruleIndex } = decider;
    const object = this.#snapshot.tiers
      .flatMap(({ objects }) => objects)
      .find(({ label }) => label === policy);
    const model = object?.rules[ruleIndex];
    if (object === undefined || model === undefined || model.action === "allow") return undefined;
    if (!this.#allowsIf(model, NO)) return undefined;
    return `without ${nameRule(object, ruleIndex)}, which stands in the way, it would be allowed`;
  }

  #allowsIf(model: RuleModel, answer: typeof YES | typeof NO): boolean {
    if (this.#walksLeft-- <= 0) return false;
    return this.#paths.every((path) => {
      const walk = explainWalk(this.#snapshot, this.#flow, path, { model, answer });
      return walk.verdict.allowed;
    });
  }

  #tryAspect(aspect: Aspect, candidate: Candidate): string | undefined {
    switch (aspect) {
      case "method":
        return this.#tryMethod(candidate);
      case "path":
        return this.#tryPath(candidate);
      case "caller":
        return this.#tryCaller(candidate);
      case "address":
        return this.#tryAddress(candidate);
      case "port":
        return this.#tryPort(candidate);
      default:
        return undefined;
    }
  }

  #tryMethod({ object, ruleIndex, model }: Candidate): string | undefined {
    const methods = [...(model.http?.methods ?? [])];
    if (!methods.some((method) => this.#allows({ method }))) return undefined;
    const { method } = this.#flow;
    return `${nameRule(object, ruleIndex)} allows ${describeHttp(model)}: the method ${method} is not among them`;
  }

  #tryPath({ object, ruleIndex, model }: Candidate): string | undefined {
    const paths = model.http?.paths ?? [];
    if (!paths.some(({ path }) => this.#allows({ path }))) return undefined;
    const { path } = this.#flow;
    return `${nameRule(object, ruleIndex)} allows ${describeHttp(model)}: the path ${path} is not certainly covered`;
  }

  /** Another caller has another identity and, where the rule asks for a set, an address in it. */
  #tryCaller({ object, ruleIndex, model }: Candidate): string | undefined {
    for (const { namespace, name } of this.#callers(model)) {
      const peer = { kind: "service-account", id: `${namespace}/${name}`, namespace, name } as const;
      if (!this.#allows({ peer }) && !this.#allows({ peer, ...this.#memberAddress(model) })) continue;
      const { peer: caller } = this.#flow;
      const seen =
        caller.kind === "service-account"
          ? `is ${caller.namespace}/${caller.name}`
          : caller.kind === "none"
            ? "showed no identity"
            : `can't be judged: ${caller.why}`;
      return `${nameRule(object, ruleIndex)} allows service account ${namespace}/${name}: the caller ${seen}`;
    }
    return undefined;
  }

  #tryAddress({ object, ruleIndex, model }: Candidate): string | undefined {
    const change = this.#memberAddress(model);
    if (change === undefined || !this.#allows(change)) return undefined;
    const { nets } = model.source;
    const asked =
      nets === undefined
        ? `callers in its IP set, such as ${describeSource(Object.assign(new Flow(), change))}`
        : listSome(nets.cidrs.map(formatCidr));
    return `${nameRule(object, ruleIndex)} allows ${asked}: the source address is ${describeSource(this.#flow)}`;
  }

  #tryPort({ object, ruleIndex, model }: Candidate): string | undefined {
    const ranges = model.destination.ports?.ranges.ranges ?? [];
    const destinationPort = ranges[0]?.first;
    if (destinationPort === undefined || !this.#allows({ destinationPort })) return undefined;
    const asked = listSome(
      ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)),
    );
    const port = this.#flow.destinationPort;
    return `${nameRule(object, ruleIndex)} allows port ${asked}: the port is ${port < 0 ? "not known" : port}`;
  }

  /** Service accounts that the rule may mean: those it names, else those that were received. */
  #callers({ source }: RuleModel): readonly { readonly namespace: string; readonly name: string }[] {
    const { labels } = this.#snapshot;
    const own = this.#flow.peer.kind === "service-account" ? [this.#flow.peer.namespace] : [];
    const namespaces =
      source.namespace?.kind === "name" ? [source.namespace.name] : [...own, ...labels.namespaceNames()];
    return namespaces.slice(0, EXPLAIN_TRIES_MAX).flatMap((namespace) => {
      const names = source.serviceAccount?.names ?? labels.serviceAccountNames(namespace);
      return [...names].map((name) => ({ namespace, name }));
    });
  }

  /** A source address in the rule's nets, or else in its set. */
  #memberAddress({ source }: RuleModel): Partial<Flow> | undefined {
    const [setId] = source.setIds;
    const nets = source.nets?.cidrs ?? [];
    const members = setId === undefined ? [] : (this.#snapshot.findSet(setId)?.cidrs.members() ?? []);
    for (const { address } of nets.length > 0 ? nets : members) return toSource(address);
    return undefined;
  }

  #allows(change: Partial<Flow>): boolean {
    if (this.#triesLeft-- <= 0) return false;
    return evaluateSnapshot(this.#snapshot, Object.assign(new Flow(), this.#flow, change)).allowed;
  }
}

/** Allow rules that can be judged and that the request fails, in order, as many as may be tried. */
function findCandidates(
  snapshot: Snapshot,
  flow: Flow,
  paths: readonly PathUnderReading[],
): readonly Candidate[] {
  const contexts = paths.map((path) => createContext(snapshot, flow, path));
  const candidates: Candidate[] = [];
  for (const object of snapshot.tiers.flatMap(({ objects }) => objects)) {
    if (object.status !== "enforced" || object.unusable !== "") continue;
    for (const [ruleIndex, model] of object.rules.entries()) {
      if (candidates.length >= EXPLAIN_TRIES_MAX) return candidates;
      if (model.action !== "allow") continue;
      const failing = new Map<string, JudgedClause>();
      for (const context of contexts) {
        for (const clause of judgeClauses(model, "", context)) {
          if (clause.answer !== YES) failing.set(clause.clause, clause);
        }
      }
      if (failing.size > 0) candidates.push({ object, ruleIndex, model, failing: [...failing.values()] });
    }
  }
  return candidates;
}

/** The one aspect that all failing clauses are about; a set says who calls as much as an identity does. */
function aspectOf(failing: readonly JudgedClause[]): Aspect {
  const aspects = new Set(failing.map(({ clause, group }) => aspectOfClause(clause, group)));
  if (aspects.size === 2 && aspects.has("caller") && aspects.has("address")) return "caller";
  const [aspect] = aspects;
  return aspects.size === 1 && aspect !== undefined ? aspect : "other";
}

function aspectOfClause(clause: string, group: JudgedClause["group"]): Aspect {
  if (clause === "method" || clause === "path") return clause;
  if (group === "source identity") return "caller";
  if (clause === "source IP set" || clause === "source nets") return "address";
  return clause === "destination ports" ? "port" : "other";
}

/** Rules are counted from 0, as in a verdict's decider, in logs and in metadata: one number for one rule, everywhere. */
function nameRule({ label }: ListedObject, ruleIndex: number): string {
  return `rule ${ruleIndex} of ${label}`;
}

function describeHttp({ http }: RuleModel): string {
  const methods = http?.methods === undefined ? "any method" : listSome([...http.methods]);
  const paths = http?.paths?.map(({ kind, path }) => (kind === "exact" ? `exactly ${path}` : path));
  return paths === undefined ? methods : `${methods} on ${listSome(paths)}`;
}

function describeSource(flow: Flow): string {
  return describeAddress(new Peer().setSource(flow, false));
}

function toSource({ family, w0, w1, w2, w3 }: IpAddress): Partial<Flow> {
  const sourceFamily = family === 4 ? ADDRESS_IPV4 : ADDRESS_IPV6;
  return { sourceFamily, source0: w0, source1: w1, source2: w2, source3: w3 };
}
