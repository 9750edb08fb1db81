import { compareUtf8 } from "../base/compare-utf8.ts";
import type { Issue, IssueCode } from "../base/issue.ts";
import type { PolicyRule } from "../datastore/resources.ts";
import type { LocalEndpoints } from "./local-endpoints.ts";
import type { PolicyEntry, PolicyTable } from "./policy-table.ts";
import { DEFAULT_ALLOW_PROFILE } from "./profile-definition.ts";
import type { ProfileTable } from "./profile-table.ts";
import type { Services } from "./services.ts";
import type { TierTable } from "./tier-table.ts";

/** What of the calculation can be amiss. */
export type CalcState = {
  readonly policies: PolicyTable;
  readonly tiers: TierTable;
  readonly services: Services;
  readonly profiles: ProfileTable;
  readonly endpoints: LocalEndpoints;
  /** Requested endpoints that are not there, with why. */
  readonly absent: ReadonlyMap<string, string>;
};

/**
 * What is used but probably not as its author meant: references to what doesn't exist, and objects that stand in each
 * other's way. Only seen with all resources at hand, so no datastore can say it. Sorted; all are warnings.
 */
export function calcIssues(state: CalcState): readonly Issue[] {
  const issues: Issue[] = [];
  const warn = (code: IssueCode, where: string, message: string): void => {
    issues.push({ severity: "warning", code, where, message });
  };
  for (const entry of state.policies.all()) {
    warnOfTier(entry, state.tiers, warn);
    warnOfServices(entry, state.services, warn);
  }
  warnOfProfiles(state, warn);
  for (const { item, other } of state.endpoints.conflicts()) {
    warn("conflict", other.key, `is the same endpoint as ${item.key}, which is the one in force`);
  }
  for (const [where, why] of state.absent) {
    warn("missing_reference", where, `${why}, so every request to it is denied`);
  }
  return issues.sort((a, b) => compareUtf8(a.where, b.where) || compareUtf8(a.message, b.message));
}

type Warn = (code: IssueCode, where: string, message: string) => void;

function warnOfTier({ key, model }: PolicyEntry, tiers: TierTable, warn: Warn): void {
  if (!model.isEligible || tiers.has(model.tier)) return;
  warn(
    "missing_reference",
    `${key} spec.tier`,
    `tier \`${model.tier}\` does not exist; it comes after all tiers that do, and denies at its end`,
  );
}

function warnOfServices(entry: PolicyEntry, services: Services, warn: Warn): void {
  const { resource } = entry;
  if (!("spec" in resource) || !entry.model.isEligible || entry.model.unusable !== "") return;
  for (const direction of ["ingress", "egress"] as const) {
    resource.spec[direction].forEach((rule: PolicyRule, index) => {
      for (const side of ["source", "destination"] as const) {
        const reference = rule[side].services;
        if (reference === undefined) continue;
        const service = `${reference.namespace || resource.metadata.namespace}/${reference.name}`;
        if (services.slicesOf(service).size > 0) continue;
        warn(
          "missing_reference",
          `${entry.key} spec.${direction}[${index}].${side}.services`,
          `service \`${service}\` has no endpoint slices, so the rule matches nothing`,
        );
      }
    });
  }
}

function warnOfProfiles({ profiles, endpoints }: CalcState, warn: Warn): void {
  for (const node of profiles.all()) {
    if (node.made === undefined || node.written === undefined) continue;
    const origin =
      node.name === DEFAULT_ALLOW_PROFILE ? "built in" : "made from the namespace or service account";
    warn("conflict", `Profile ${node.name}`, `a profile of this name is ${origin}, so this one is not used`);
  }
  for (const { item, profile } of endpoints.listedProfiles()) {
    if (profile.definition !== undefined) continue;
    warn(
      "missing_reference",
      item.key,
      `profile \`${profile.name}\` does not exist, so it denies what no tier decides`,
    );
  }
}
