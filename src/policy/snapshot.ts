import { assert } from "../base/assert.ts";
import type { BoundSegment } from "./compile/bound-segment.ts";
import type { CallerTable } from "./compile/caller-table.ts";
import type { RuleModel } from "./compile/rule-model.ts";
import type { Subject } from "./identity-clauses.ts";
import type { IpSet } from "./ip-set.ts";
import type { LabelsTable } from "./labels-table.ts";
import type { PolicyOptions } from "./options.ts";
import {
  createVerdict,
  DENY_REASONS,
  type Decider,
  type DenyReason,
  NO_DECIDER,
  type Verdict,
} from "./verdict.ts";

/** Objects in force, for status and metrics. */
export type SnapshotCounts = {
  /** Inbound rules that are judged for the endpoint. */
  readonly rules: number;
  /** Policies and profiles in the store. */
  readonly policies: number;
  readonly profiles: number;
  readonly ipSets: number;
  readonly ipSetMembers: number;
};

/** A policy or profile in the place where the endpoint lists it; what an explanation walks through. */
export type ListedObject = {
  /** `NetworkPolicy shop/api`, `Profile kns.shop`. */
  readonly label: string;
  /** Staged policies are listed and not judged; a missing object denies when reached. */
  readonly status: "enforced" | "staged" | "missing";
  /** Why the object can't be used; empty if it can. */
  readonly unusable: string;
  readonly rules: readonly RuleModel[];
};

/** A tier, or the profiles, ready to be judged. */
export type SnapshotTier = {
  /** Undefined for the profiles, which come last. */
  readonly name: string | undefined;
  readonly defaultAction: string;
  /** False for a tier without enforced policies: it is passed over with its default action. */
  readonly isEnforced: boolean;
  readonly segments: readonly BoundSegment[];
  readonly objects: readonly ListedObject[];
};

/** How paths take part, over all segments. */
export type SnapshotPaths = {
  /** Whether any rule has paths. */
  readonly areUsed: boolean;
  /** Whether all rules' paths are plain. */
  readonly arePlain: boolean;
  /** Segments of the longest path of a rule. */
  readonly depth: number;
};

/**
 * All that is needed to judge requests, at one revision.
 *
 * INVARIANT: an immutable value. It remembers answers and verdicts that were asked for, each a function of what it is.
 */
export class Snapshot {
  readonly revision: number;
  readonly options: PolicyOptions;
  /** Whether the messages it was built from were complete; before that every request is denied. */
  readonly inSync: boolean;
  readonly hasEndpoint: boolean;
  /** In order of evaluation; the last one stands for the profiles. */
  readonly tiers: readonly SnapshotTier[];
  readonly paths: SnapshotPaths;
  /** Under which slots its segments remember answers; shared with other snapshots. */
  readonly callers: CallerTable;
  readonly counts: SnapshotCounts;
  /** As received with the policy; explanations ask them anew. */
  readonly labels: LabelsTable;
  /** Who the endpoint is; undefined in calico semantics, where the check says so. */
  readonly destination: Subject | undefined;
  /** By segment, then by row and outcome; made when first asked for, so that a new revision costs nothing by rules. */
  readonly #ruleVerdicts = new Map<BoundSegment, Map<number, Verdict>>();
  readonly #otherVerdicts = new Map<string, Verdict>();

  constructor(parts: {
    readonly revision: number;
    readonly options: PolicyOptions;
    readonly inSync: boolean;
    readonly hasEndpoint: boolean;
    readonly tiers: readonly SnapshotTier[];
    readonly paths: SnapshotPaths;
    readonly callers: CallerTable;
    readonly counts: SnapshotCounts;
    readonly labels: LabelsTable;
    readonly destination: Subject | undefined;
  }) {
    this.revision = parts.revision;
    this.options = parts.options;
    this.inSync = parts.inSync;
    this.hasEndpoint = parts.hasEndpoint;
    this.tiers = parts.tiers;
    this.paths = parts.paths;
    this.callers = parts.callers;
    this.counts = parts.counts;
    this.labels = parts.labels;
    this.destination = parts.destination;
  }

  /** A set that some rule names; slow, for explanations. */
  findSet(id: string): IpSet | undefined {
    for (const { segments } of this.tiers) {
      for (const segment of segments) {
        const set = segment.findSet(id);
        if (set !== undefined) return set;
      }
    }
    return undefined;
  }

  /** The shared verdict that a row decided. @param reason undefined is allow. */
  ruleVerdict(segment: BoundSegment, row: number, reason: DenyReason | undefined): Verdict {
    let verdicts = this.#ruleVerdicts.get(segment);
    if (verdicts === undefined) {
      verdicts = new Map();
      this.#ruleVerdicts.set(segment, verdicts);
    }
    const key = row * OUTCOME_COUNT + outcomeIndex(reason);
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#create(segment.segment.rows[row]!.decider, reason);
    verdicts.set(key, verdict);
    return verdict;
  }

  /** The shared verdict at the end of a tier. */
  tierVerdict(tier: string): Verdict {
    const key = `tier ${tier}`;
    const known = this.#otherVerdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#create({ kind: "tier", tier }, "tier_default");
    this.#otherVerdicts.set(key, verdict);
    return verdict;
  }

  /** The shared denial that no object of policy decided. */
  denial(reason: DenyReason): Verdict {
    const known = this.#otherVerdicts.get(reason);
    if (known !== undefined) return known;
    const verdict = this.#create(NO_DECIDER, reason);
    this.#otherVerdicts.set(reason, verdict);
    return verdict;
  }

  /** A denial put down to what decided another verdict. */
  denialLike(verdict: Verdict, reason: DenyReason): Verdict {
    return this.#create(verdict.decider, reason);
  }

  #create(decider: Decider, reason: DenyReason | undefined): Verdict {
    return createVerdict(decider, reason, this.options.semantics, this.revision);
  }
}

/** One for allow, and one for each reason to deny. */
const OUTCOME_COUNT = DENY_REASONS.length + 1;

const OUTCOMES: ReadonlyMap<DenyReason, number> = new Map(
  DENY_REASONS.map((reason, index) => [reason, index + 1]),
);

function outcomeIndex(reason: DenyReason | undefined): number {
  return reason === undefined ? 0 : (OUTCOMES.get(reason) ?? 0);
}

/**
 * Holds the snapshot that requests are judged against.
 *
 * INVARIANT: `current` changes only by whole-object assignment in publish(), so a handler that reads it once sees one
 * consistent revision.
 */
export class SnapshotStore {
  #current: Snapshot | undefined;
  #stale = false;

  /** Undefined until the first publish; callers refuse until then. */
  get current(): Snapshot | undefined {
    return this.#current;
  }

  /** The source of policy has been silent for longer than permitted: every request is denied. */
  get stale(): boolean {
    return this.#stale;
  }

  publish(next: Snapshot): void {
    assert(next.revision > (this.#current?.revision ?? -1), "revisions only grow");
    this.#current = next;
  }

  setStale(stale: boolean): void {
    this.#stale = stale;
  }
}
