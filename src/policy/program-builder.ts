import { SEGMENT_RULES_MAX, SEGMENT_RULES_MIN } from "../base/limits.ts";
import type { Steps } from "../base/steps.ts";
import { type Binding, BoundSegment } from "./compile/bound-segment.ts";
import { CallerTable } from "./compile/caller-table.ts";
import {
  ROW_LOG,
  ROW_POLICY_MISSING,
  ROW_PROFILE_MISSING,
  ROW_UNUSABLE,
  type Row,
  ruleRow,
  stopRow,
} from "./compile/row.ts";
import { parseRule, type RuleModel } from "./compile/rule-model.ts";
import { Segment } from "./compile/segment.ts";
import { type EndpointState, formatPolicyId, policyKey } from "./endpoint-state.ts";
import type { Subject } from "./identity-clauses.ts";
import type { Endpoint, Policy, PolicyId, Profile, Rule, TierInfo } from "./messages.ts";
import type { PolicyOptions } from "./options.ts";
import type { ListedObject, SnapshotPaths, SnapshotTier } from "./snapshot.ts";
import { endpointSubject, readEndpointIdentity } from "./subject.ts";
import type { Decider } from "./verdict.ts";

/** The compiled half of a snapshot. */
export type Program = {
  readonly tiers: readonly SnapshotTier[];
  readonly paths: SnapshotPaths;
  readonly callers: CallerTable;
  /** Rules that are judged. */
  readonly ruleCount: number;
  /** Who the endpoint is; undefined in calico semantics. */
  readonly destination: Subject | undefined;
};

/**
 * Compiles the state of an endpoint, and keeps what it compiled for the next time.
 *
 * Three layers, each kept for as long as what it is made of stays the same object: a *block* is one policy's rules parsed; a
 * *segment* is a run of blocks compiled; a *bound segment* is a segment with sets, labels and endpoint. A changed policy parses its own block and
 * compiles its own segment; a changed set binds the segments that name it.
 */
export class ProgramBuilder {
  readonly #options: PolicyOptions;
  #blocks = new Map<object, Block>();
  #missing = new Map<string, Block>();
  #segments = new Map<string, Segment>();
  #bound = new Map<Segment, BoundSegment>();
  readonly #names = new WeakMap<PolicyId, PolicyNames>();
  #blockCount = 0;
  #callers = new CallerTable([], 0);

  constructor(options: PolicyOptions) {
    this.#options = options;
  }

  /** In steps: what earlier builds kept is replaced with the last of them, so a build that is given up leaves no trace. */
  *build(state: EndpointState): Steps<Program> {
    const kept = new Kept();
    const listed =
      state.endpoint === undefined ? [] : yield* this.#listTiers(state.endpoint.endpoint, state, kept);
    const destination = this.#destination(state);
    const tiers: SnapshotTier[] = [];
    for (const { name, defaultAction, blocks, objects } of listed) {
      const segments: BoundSegment[] = [];
      for (const pieces of splitBlocks(blocks)) {
        const segment = yield* this.#compile(pieces, kept);
        segments.push(this.#bind(segment, state, destination, kept));
        yield;
      }
      tiers.push({ name, defaultAction, isEnforced: blocks.length > 0, segments, objects });
    }
    this.#blocks = kept.blocks;
    this.#missing = kept.missing;
    this.#segments = kept.segments;
    this.#bound = kept.bound;
    this.#callers = tableFor(tiers, this.#callers);
    return {
      tiers,
      paths: summarizePaths(tiers),
      callers: this.#callers,
      ruleCount: countRules(tiers),
      destination,
    };
  }

  *#listTiers(endpoint: Endpoint, state: EndpointState, kept: Kept): Steps<readonly ListedTier[]> {
    const tiers: ListedTier[] = [];
    for (const tier of endpoint.tiers) tiers.push(yield* this.#listTier(tier, state, kept));
    const profiles: ListedTier = { name: undefined, defaultAction: "", blocks: [], objects: [] };
    for (const name of endpoint.profileIds) {
      const block = yield* this.#profileBlock(name, state.profiles.get(name), kept);
      profiles.blocks.push(block);
      profiles.objects.push(block.object);
    }
    return [...tiers, profiles];
  }

  *#listTier(tier: TierInfo, state: EndpointState, kept: Kept): Steps<ListedTier> {
    const listed: ListedTier = {
      name: tier.name,
      defaultAction: tier.defaultAction,
      blocks: [],
      objects: [],
    };
    for (const id of tier.ingressPolicies) {
      const names = this.#namesOf(id);
      if (isStaged(id)) {
        listed.objects.push({ label: names.label, status: "staged", unusable: "", rules: [] });
        continue;
      }
      const block = yield* this.#policyBlock(tier.name, names, state.policies.get(names.key), kept);
      listed.blocks.push(block);
      listed.objects.push(block.object);
      if (listed.blocks.length % STEP_POLICIES === 0) yield;
    }
    return listed;
  }

  /** An endpoint lists the same id objects until it changes itself. */
  #namesOf(id: PolicyId): PolicyNames {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const names = { key: policyKey(id), label: formatPolicyId(id) };
    this.#names.set(id, names);
    return names;
  }

  *#policyBlock(
    tier: string,
    { key, label }: PolicyNames,
    policy: Policy | undefined,
    kept: Kept,
  ): Steps<Block> {
    if (policy === undefined) {
      return this.#missingBlock(`${tier}\0${key}`, kept, label, ROW_POLICY_MISSING, {
        kind: "tier",
        tier,
      });
    }
    return yield* this.#block(policy, policy, tier, label, policy.namespace, kept);
  }

  *#profileBlock(name: string, profile: Profile | undefined, kept: Kept): Steps<Block> {
    const label = `Profile ${name}`;
    if (profile === undefined) {
      return this.#missingBlock(`\0\0${name}`, kept, label, ROW_PROFILE_MISSING, { kind: "none" });
    }
    return yield* this.#block(profile, profile, "", label, "", kept);
  }

  *#block(
    key: object,
    { inboundRules, unusable }: Policy | Profile,
    tier: string,
    label: string,
    namespace: string,
    kept: Kept,
  ): Steps<Block> {
    const known = kept.blocks.get(key) ?? this.#blocks.get(key);
    const isSame = known?.object.label === label && known.tier === tier;
    const block = isSame
      ? known
      : this.#createBlock(tier, label, yield* parseRules(inboundRules, namespace, unusable === ""), unusable);
    kept.blocks.set(key, block);
    return block;
  }

  #createBlock(tier: string, label: string, rules: readonly RuleModel[], unusable: string): Block {
    const decide = (ruleIndex: number): Decider => ({ kind: "rule", tier, policy: label, ruleIndex });
    const rows = rules.map((model, index) => ruleRow(model, decide(index)));
    if (unusable !== "" && rows.length === 0) rows.push(stopRow(ROW_UNUSABLE, decide(0)));
    return {
      id: this.#blockCount++,
      tier,
      rows: this.#options.semantics === "strict" ? rows.filter(({ action }) => action !== ROW_LOG) : rows,
      object: { label, status: "enforced", unusable, rules },
    };
  }

  #missingBlock(key: string, kept: Kept, label: string, action: number, decider: Decider): Block {
    const block = this.#missing.get(key) ?? {
      id: this.#blockCount++,
      tier: decider.kind === "tier" ? decider.tier : "",
      rows: [stopRow(action, decider)],
      object: { label, status: "missing", unusable: "", rules: [] },
    };
    kept.missing.set(key, block);
    return block;
  }

  *#compile(pieces: readonly Piece[], kept: Kept): Steps<Segment> {
    const key = pieces.map(({ block, first }) => `${block.id}:${first}`).join();
    const segment = kept.segments.get(key) ?? this.#segments.get(key) ?? (yield* this.#newSegment(pieces));
    kept.segments.set(key, segment);
    return segment;
  }

  *#newSegment(pieces: readonly Piece[]): Steps<Segment> {
    const rows = pieces.flatMap(({ block, first, last }) => block.rows.slice(first, last));
    return yield* Segment.compile(rows, this.#options);
  }

  #bind(segment: Segment, state: EndpointState, destination: Subject | undefined, kept: Kept): BoundSegment {
    const binding: Binding = {
      options: this.#options,
      sets: segment.setIds.map((id) => state.sets.get(id)),
      labels: state.labels,
      destination,
    };
    const known = kept.bound.get(segment) ?? this.#bound.get(segment);
    const isSame = known !== undefined && bindsSame(segment, known.binding, binding);
    const bound = isSame ? known : new BoundSegment(segment, binding);
    kept.bound.set(segment, bound);
    return bound;
  }

  /** In calico semantics the check says who the destination is. */
  #destination({ endpoint, labels }: EndpointState): Subject | undefined {
    if (endpoint === undefined || this.#options.semantics === "calico") return undefined;
    return endpointSubject(readEndpointIdentity(endpoint.id, endpoint.endpoint), labels);
  }
}

/** Policies looked up, and rules parsed, in one step. */
const STEP_POLICIES = 256;
const STEP_RULES = 32;

function* parseRules(
  rules: readonly Rule[],
  namespace: string,
  usable: boolean,
): Steps<readonly RuleModel[]> {
  const models: RuleModel[] = [];
  for (const rule of rules) {
    models.push(parseRule(rule, namespace, usable));
    if (models.length % STEP_RULES === 0) yield;
  }
  return models;
}

/** How a policy is looked up and how it is named. */
type PolicyNames = { readonly key: string; readonly label: string };

/** One policy's or profile's rules, parsed; or what stands for an object that is missing. */
type Block = {
  readonly id: number;
  readonly tier: string;
  readonly rows: readonly Row[];
  readonly object: ListedObject;
};

/** Rows `first` up to `last` of a block. */
type Piece = { readonly block: Block; readonly first: number; readonly last: number };

type ListedTier = {
  readonly name: string | undefined;
  readonly defaultAction: string;
  /** Enforced and missing objects. */
  readonly blocks: Block[];
  /** Staged ones too. */
  readonly objects: ListedObject[];
};

/** What the build in progress has used; it replaces what earlier builds kept. */
class Kept {
  readonly blocks = new Map<object, Block>();
  readonly missing = new Map<string, Block>();
  readonly segments = new Map<string, Segment>();
  readonly bound = new Map<Segment, BoundSegment>();
}

const STAGED_KINDS: ReadonlySet<string> = new Set([
  "StagedNetworkPolicy",
  "StagedGlobalNetworkPolicy",
  "StagedKubernetesNetworkPolicy",
]);

function isStaged(id: PolicyId): boolean {
  return STAGED_KINDS.has(id.kind);
}

/** One block in so many may end a segment, chosen by its name. */
const SEGMENT_END_CHANCE = 4;

/**
 * Cuts a tier's blocks into runs for segments.
 *
 * Where a run ends is decided by the names of the policies in it, so that a policy that comes or goes moves the cuts near it and not
 * all that follow.
 */
function splitBlocks(blocks: readonly Block[]): readonly (readonly Piece[])[] {
  const runs: Piece[][] = [];
  let run: Piece[] = [];
  let size = 0;
  const endRun = (): void => {
    if (run.length > 0) runs.push(run);
    run = [];
    size = 0;
  };
  for (const block of blocks) {
    for (let first = 0; first < block.rows.length; first += SEGMENT_RULES_MAX) {
      const last = Math.min(first + SEGMENT_RULES_MAX, block.rows.length);
      if (size + last - first > SEGMENT_RULES_MAX) endRun();
      run.push({ block, first, last });
      size += last - first;
    }
    if (size >= SEGMENT_RULES_MIN && hashText(block.object.label) % SEGMENT_END_CHANCE === 0) endRun();
  }
  endRun();
  return runs;
}

function hashText(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether a segment gives the same answers under both bindings. */
function bindsSame(segment: Segment, left: Binding, right: Binding): boolean {
  const asksLabels =
    (segment.sourceIdentity?.asksLabels ?? false) || (segment.destinationIdentity?.asksLabels ?? false);
  if (asksLabels && left.labels !== right.labels) return false;
  if (segment.destinationIdentity !== undefined && !isSameSubject(left.destination, right.destination)) {
    return false;
  }
  return left.sets.every((set, index) => set === right.sets[index]);
}

function isSameSubject(left: Subject | undefined, right: Subject | undefined): boolean {
  if (left?.kind !== "account" || right?.kind !== "account") return left?.kind === right?.kind;
  return (
    left.namespace === right.namespace &&
    left.name === right.name &&
    left.accountLabels === right.accountLabels &&
    left.namespaceLabels === right.namespaceLabels
  );
}

function summarizePaths(tiers: readonly SnapshotTier[]): SnapshotPaths {
  const columns = tiers
    .flatMap((tier) => tier.segments)
    .map(({ segment }) => segment.path)
    .filter((path) => path !== undefined);
  return {
    areUsed: columns.length > 0,
    arePlain: columns.every((path) => path.isPlain),
    depth: Math.max(0, ...columns.map((path) => path.depth)),
  };
}

/** @param last is kept where it serves: callers keep their slots, and segments what they remember. */
function tableFor(tiers: readonly SnapshotTier[], last: CallerTable): CallerTable {
  const segments = tiers.flatMap((tier) => tier.segments);
  const fields = new Set(segments.flatMap(({ keyFields }) => keyFields));
  const ascending = [...fields].sort((left, right) => left - right);
  const rowCount = segments.reduce((sum, { segment }) => sum + segment.rows.length, 0);
  return last.serves(ascending, rowCount) ? last : new CallerTable(ascending, rowCount);
}

function countRules(tiers: readonly SnapshotTier[]): number {
  let count = 0;
  for (const { objects } of tiers) for (const { rules } of objects) count += rules.length;
  return count;
}
