import type { Mutant } from "./mutant.ts";

/** Rows about what a rule does, what comes next, and why a request is denied in the end. */
export const WALK_ROWS: readonly Mutant[] = [
  {
    name: "action: an unknown allow allows",
    file: "policy/walk.ts",
    find: "doubt ??= doubtAbout(snapshot, bound, row, flow, path);\n      if (action === ROW_ALLOW",
    replace:
      "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n      doubt ??= doubtAbout(snapshot, bound, row, flow, path);\n      if (action === ROW_ALLOW",
  },
  {
    name: "action: an unknown deny is passed over",
    file: "policy/walk.ts",
    find: "if (action === ROW_DENY || (isProfiles && action === ROW_PASS))\n        return doubtAbout(snapshot, bound, row, flow, path);",
    replace: "if (action === ROW_DENY) continue;",
  },
  {
    name: "action: an unknown pass in a profile is passed over",
    file: "policy/walk.ts",
    find: "if (action === ROW_DENY || (isProfiles && action === ROW_PASS))",
    replace: "if (isProfiles && action === ROW_PASS) continue;\n      if (action === ROW_DENY)",
  },
  {
    name: "action: an unknown pass leaves for certain",
    file: "policy/walk.ts",
    find: "if (!left.allowed) return left;",
    replace: "return left;",
  },
  {
    name: "action: an unknown pass stays for certain",
    file: "policy/walk.ts",
    find: "if (action === ROW_ALLOW || left !== undefined) continue;",
    replace: "if (action === ROW_ALLOW || action === ROW_PASS) continue;",
  },
  {
    name: "action: a pass denies",
    file: "policy/walk.ts",
    find: "if (action === ROW_PASS && !isProfiles) return left;",
    replace: "",
  },
  {
    name: "action: a pass in a profile leaves the profiles",
    file: "policy/walk.ts",
    find: "if (action === ROW_PASS && !isProfiles) return left;",
    replace: "if (action === ROW_PASS) return left;",
  },
  {
    name: "action: a log denies",
    file: "policy/compile/rule-model.ts",
    find: 'case "log":\n      return "log";',
    replace: 'case "log":\n      return "deny";',
  },
  {
    name: "action: only in lower case",
    file: "policy/compile/rule-model.ts",
    find: "switch (text.toLowerCase()) {",
    replace: "switch (text) {",
  },
  {
    name: "action: next-tier is not understood",
    file: "policy/compile/rule-model.ts",
    find: 'case "next-tier":\n',
    replace: "",
  },
  {
    name: "action: one that is not understood is passed over",
    file: "policy/compile/rule-model.ts",
    find: 'default:\n      return "bad";',
    replace: 'default:\n      return "log";',
  },
  {
    name: "action: one that is not understood is a doubt only",
    file: "policy/walk.ts",
    find: 'if (action === ROW_BAD_ACTION) return snapshot.ruleVerdict(bound, row, "bad_action");',
    replace: "if (action === ROW_BAD_ACTION) continue;",
  },
  {
    name: "end of a tier: Pass denies",
    file: "policy/walk.ts",
    find: 'if (tier.defaultAction === "Pass") return left;',
    replace: "",
  },
  {
    name: "end of a tier: pass in any case goes on",
    file: "policy/walk.ts",
    find: 'if (tier.defaultAction === "Pass") return left;',
    replace: 'if (tier.defaultAction.toLowerCase() === "pass") return left;',
  },
  {
    name: "end of a tier: anything but Deny goes on",
    file: "policy/walk.ts",
    find: 'if (tier.defaultAction === "Pass") return left;',
    replace: 'if (tier.defaultAction !== "Deny") return left;',
  },
  {
    name: "end of a tier: also of one without an enforced policy",
    file: "policy/walk.ts",
    find: "if (isProfiles || !tier.isEnforced) return undefined;",
    replace: "if (isProfiles) return undefined;",
  },
  {
    name: "staged policies are enforced",
    file: "policy/program-builder.ts",
    find: "return STAGED_KINDS.has(id.kind);",
    replace: "return false;",
  },
  {
    name: "staged Kubernetes policies are enforced",
    file: "policy/program-builder.ts",
    find: '  "StagedKubernetesNetworkPolicy",\n',
    replace: "",
  },
  {
    name: "a missing policy is passed over",
    file: "policy/program-builder.ts",
    find: "kept, label, ROW_POLICY_MISSING, {",
    replace: "kept, label, ROW_LOG, {",
  },
  {
    name: "a missing profile is passed over",
    file: "policy/program-builder.ts",
    find: 'kept, label, ROW_PROFILE_MISSING, { kind: "none" });',
    replace: 'kept, label, ROW_LOG, { kind: "none" });',
  },
  {
    name: "an unusable object without rules is passed over",
    file: "policy/program-builder.ts",
    find: 'if (unusable !== "" && rows.length === 0) rows.push(stopRow(ROW_UNUSABLE, decide(0)));',
    replace: "",
  },
  {
    name: "no endpoint is an endpoint without policy",
    file: "policy/evaluate.ts",
    find: 'if (!snapshot.hasEndpoint) return snapshot.denial("no_endpoint");',
    replace: "",
  },
  {
    name: "the removal of another endpoint removes ours",
    file: "policy/endpoint-state.ts",
    find: "if (!isCurrent) return [unknownRemoval(formatEndpointId(id))];",
    replace: "",
  },
  {
    name: "reason: the end of a tier hides a doubt",
    file: "policy/walk.ts",
    find: "return doubt ?? snapshot.tierVerdict(tier.name);",
    replace: "return snapshot.tierVerdict(tier.name);",
  },
  {
    name: "reason: the end of the profiles hides a doubt",
    file: "policy/walk.ts",
    find: 'return doubt ?? snapshot.denial("no_profile_match");',
    replace: 'return snapshot.denial("no_profile_match");',
  },
  {
    name: "reason: the latest doubt instead of the earliest",
    file: "policy/walk.ts",
    find: "doubt ??= doubtAbout(snapshot, bound, row, flow, path);",
    replace: "doubt = doubtAbout(snapshot, bound, row, flow, path);",
  },
  {
    name: "reason: of the last group instead of the first",
    file: "policy/compile/columns.ts",
    find: "if ((first === -1 || group < first) && !hasBit(this.yes[at]!, row)) first = group;",
    replace: "if ((first === -1 || group > first) && !hasBit(this.yes[at]!, row)) first = group;",
  },
  {
    name: "reason: not understood is not told from a missing set",
    file: "policy/compile/bound-segment.ts",
    find: 'function addressReason(column: AddressColumn | undefined, row: number, peer: Peer): DenyReason {\n  if (column !== undefined && hasBit(column.bad, row)) return "policy_broken";',
    replace:
      "function addressReason(_column: AddressColumn | undefined, _row: number, peer: Peer): DenyReason {",
  },
  {
    name: "without HTTP: an announced allow does not admit",
    file: "policy/walk.ts",
    find: "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n        continue;",
    replace:
      "if (action === ROW_ALLOW) doubt ??= doubtAbout(snapshot, bound, row, flow, path);\n        continue;",
  },
  {
    name: "without HTTP: admits though nothing was announced",
    file: "policy/walk.ts",
    find: "if (flow.httpFollows && !flow.hasHttp && isYesButForHttp(bound, row, flow, path)) {",
    replace: "if (!flow.hasHttp && isYesButForHttp(bound, row, flow, path)) {",
  },
  {
    name: "without HTTP: a request of its own is taken for announced",
    file: "policy/walk.ts",
    find: "if (flow.httpFollows && !flow.hasHttp && isYesButForHttp(bound, row, flow, path)) {",
    replace: "if (flow.httpFollows && isYesButForHttp(bound, row, flow, path)) {",
  },
  {
    name: "without HTTP: other unknown clauses do not matter",
    file: "policy/compile/columns.ts",
    find: "if (!isHttp && !hasBit(this.yes[at]!, row)) return false;",
    replace: "if (!isHttp && !hasBit(this.maybe[at]!, row)) return false;",
  },
  {
    name: "without HTTP: an announced deny is not skipped",
    file: "policy/walk.ts",
    find: "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n        continue;",
    replace:
      "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n        if (action === ROW_PASS) continue;",
  },
  {
    name: "without HTTP: an announced pass is not skipped",
    file: "policy/walk.ts",
    find: "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n        continue;",
    replace:
      "if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);\n        if (action === ROW_DENY) continue;",
  },
];
