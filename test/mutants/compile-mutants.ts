import type { MutantList } from "./mutant.ts";

/** Mistakes in compiling and judging, which the comparison with the oracle has to catch. */
export const COMPILE_MUTANTS: MutantList = {
  about: "compile and evaluate, against the oracle",
  tests: ["properties/evaluator.test.ts"],
  mutants: [
    {
      name: "the port after a range belongs to it",
      file: "policy/compile/port-column.ts",
      find: "ranges.flatMap(({ first, last }) => [first, last + 1])",
      replace: "ranges.flatMap(({ first, last }) => [first, last + 2])",
    },
    {
      name: "a tier is forgotten after a pass",
      file: "policy/walk.ts",
      find: "left = walkTiers(snapshot, flow, path, index + 1);",
      replace: "left = walkTiers(snapshot, flow, path, index + 2);",
    },
    {
      name: "a changed set stays bound to the rules that named it before",
      file: "policy/program-builder.ts",
      find: "return left.sets.every((set, index) => set === right.sets[index]);",
      replace: "return left.sets.length === right.sets.length;",
    },
    {
      name: "changed labels are not seen by rules compiled before",
      file: "policy/program-builder.ts",
      find: "if (asksLabels && left.labels !== right.labels) return false;",
      replace: "",
    },
    {
      name: "a policy that comes back changed keeps its old rules",
      file: "policy/program-builder.ts",
      find: "return this.#block(policy, policy, tier, label, policy.namespace, kept);",
      replace: "return this.#block(id, policy, tier, label, policy.namespace, kept);",
    },
    {
      name: "the second net of the same length hides the first",
      file: "policy/compile/net-index.ts",
      find: "ofLength.set(words.join(), net);",
      replace: "ofLength.clear();\n    ofLength.set(words.join(), net);",
    },
    {
      name: "the last word of IPv6 nets is not compared",
      file: "policy/compile/net-index.ts",
      find: "const m3 = w3 & this.#masks[3]!;",
      replace: "const m3 = 0;",
    },
    {
      name: "an answer remembered for one peer is given to another",
      file: "policy/compile/address-memo.ts",
      find: "keys[at + 1] === (peer.w0 | 0) &&",
      replace: "",
    },
    {
      name: "an answer remembered for a verified peer is given to an unverified one",
      file: "policy/compile/address-memo.ts",
      find: "return (peer.family << 4) | (tag << 1) | 1;",
      replace: "return (peer.family << 4) | 1;",
    },
    {
      name: "an answer about a port is remembered for every port",
      file: "policy/compile/address-memo.ts",
      find: "return (peer.protocol << 17) | (peer.port + 1);",
      replace: "return peer.protocol << 17;",
    },
    {
      name: "two rules that ask different names share one answer",
      file: "policy/compile/identity-column.ts",
      find: "[...(side.serviceAccount.names ?? [])],",
      replace: "",
    },
    {
      name: "rules with named ports are grouped by their ranges alone",
      file: "policy/compile/port-column.ts",
      find: 'const describe = (ports: SideModel["ports"]) => ports && [ports.ranges.ranges, ports.setIds];',
      replace: 'const describe = (ports: SideModel["ports"]) => ports && [ports.ranges.ranges];',
    },
    {
      name: "a prefix covers only the path itself",
      file: "policy/compile/path-trie.ts",
      find: "const below = hasPrefixOnly ? bareYes : unionBits(",
      replace: "const below = hasPrefixOnly ? inherited : unionBits(",
    },
    {
      name: "rules of one reading are asked under another",
      file: "policy/evaluate.ts",
      find: "state.readingIndex = readingIndex;",
      replace: "state.readingIndex = 0;",
    },
    {
      name: "a reading that another stands for is skipped though rules' paths differ by reading",
      file: "policy/evaluate.ts",
      find: "if (snapshot.paths.arePlain && isJudged(",
      replace: "if (isJudged(",
    },
    {
      name: "after a second world the columns of another tier are read",
      file: "policy/walk.ts",
      find: "bound.load(flow, path, columns); // the walk through the other tiers used the same columns",
      replace: "",
    },
    {
      name: "the world that leaves at an unknown pass is not believed when it denies",
      file: "policy/walk.ts",
      find: "if (!left.allowed) return left;",
      replace: "",
    },
    {
      name: "the last rows of a long program are cut off",
      file: "policy/program-builder.ts",
      find: "const last = Math.min(first + SEGMENT_RULES_MAX, block.rows.length);",
      replace:
        "const last = Math.min(first + SEGMENT_RULES_MAX, block.rows.length - (block.rows.length > 2000 ? 1 : 0));",
    },
    {
      name: "a doubt is put down to the last group instead of the first",
      file: "policy/compile/columns.ts",
      find: "if ((first === -1 || group < first) && !hasBit(this.yes[at]!, row)) first = group;",
      replace: "if ((first === -1 || group > first) && !hasBit(this.yes[at]!, row)) first = group;",
    },
    {
      name: "a set's delta removes what it adds",
      file: "policy/ip-set.ts",
      find: "cidrs: set.cidrs.withDelta(added.cidrs, []).withDelta([], removed.cidrs),",
      replace: "cidrs: set.cidrs.withDelta(added.cidrs, []).withDelta([], added.cidrs),",
    },
  ],
};
