import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import {
  ask,
  build,
  decode,
  endpointUpdate,
  IN_SYNC,
  policyId,
  policyUpdate,
  profileUpdate,
  setUpdate,
  tier,
} from "./make.ts";

const ALLOW = { action: "allow" };
const DENY = { action: "deny" };

function createBuilder(messages: readonly Message[] = []): SnapshotBuilder {
  const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
  builder.apply([...messages, IN_SYNC]);
  return builder;
}

function outcome(
  snapshot: ReturnType<SnapshotBuilder["build"]>,
  asked: Parameters<typeof ask>[0] = {},
): string {
  const verdict = evaluateSnapshot(snapshot, ask(asked));
  return verdict.allowed ? "allow" : verdict.reason;
}

describe("SnapshotBuilder.apply()", () => {
  const removed = (kind: string, body: object): Message => decode({ [kind]: body });
  const endpointRemove = (workloadId: string): Message =>
    removed("workload_endpoint_remove", {
      id: { orchestrator_id: "k8s", workload_id: workloadId, endpoint_id: "eth0" },
    });
  const cases: readonly {
    readonly name: string;
    readonly message: Message;
    readonly where: string;
    readonly severity?: "warning";
    /** By default the message itself is wrong; else what it relies on did not come before it. */
    readonly code?: "bad_order";
  }[] = [
    {
      name: "a delta for a set that was never received",
      message: removed("ipset_delta_update", { id: "s:x", added_members: ["10.0.0.0/8"] }),
      code: "bad_order",
      where: "IP set s:x",
    },
    { name: "a set of an unknown kind", message: setUpdate("s:x", "NEW", []), where: "IP set s:x" },
    {
      name: "a member that can't be read",
      message: setUpdate("s:x", "NET", ["10.0.0.1"]),
      where: "IP set s:x",
    },
    {
      name: "a policy that names an unknown set",
      message: policyUpdate("api", [{ action: "allow", not_src_ip_set_ids: ["s:x"] }]),
      code: "bad_order",
      where: "NetworkPolicy shop/api",
    },
    {
      name: "a profile that names an unknown set",
      message: profileUpdate("p", [{ action: "allow", dst_named_port_ip_set_ids: ["n:x"] }]),
      code: "bad_order",
      where: "Profile p",
    },
    {
      name: "an endpoint that lists an unknown policy",
      message: endpointUpdate(),
      code: "bad_order",
      where: "endpoint shop/api-0",
    },
    {
      name: "an endpoint that lists an unknown profile",
      message: endpointUpdate([], ["p"]),
      code: "bad_order",
      where: "endpoint shop/api-0",
    },
    {
      name: "the removal of an unknown set",
      message: removed("ipset_remove", { id: "s:x" }),
      where: "IP set s:x",
      severity: "warning",
    },
    {
      name: "the removal of an unknown policy",
      message: removed("active_policy_remove", { id: policyId("api") }),
      where: "NetworkPolicy shop/api",
      severity: "warning",
    },
    {
      name: "the removal of an unknown profile",
      message: removed("active_profile_remove", { id: { name: "p" } }),
      where: "Profile p",
      severity: "warning",
    },
    {
      name: "the removal of another endpoint",
      message: endpointRemove("shop/other"),
      where: "endpoint shop/other",
      severity: "warning",
    },
  ];
  for (const { name, message, where, severity = "error", code = "bad_message" } of cases) {
    it(`tells of ${name}`, () => {
      const [issue, ...others] = createBuilder().apply([message]);
      assert.deepEqual(others, []);
      assert.deepEqual([issue?.where, issue?.severity, issue?.code], [where, severity, code]);
    });
  }

  it("is content with messages in the order in which they are promised", () => {
    const issues = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS).apply([
      setUpdate("s:x", "NET", ["10.0.0.0/8"]),
      removed("ipset_delta_update", { id: "s:x", added_members: ["11.0.0.0/8"] }),
      policyUpdate("api", [{ action: "allow", src_ip_set_ids: ["s:x"] }]),
      profileUpdate("p", [ALLOW]),
      endpointUpdate([tier("default", "Deny", ["api"])], ["p"]),
      endpointRemove("shop/api-0"),
      removed("active_profile_remove", { id: { name: "p" } }),
      removed("active_policy_remove", { id: policyId("api") }),
      removed("ipset_remove", { id: "s:x" }),
      IN_SYNC,
    ]);
    assert.deepEqual(issues, []);
  });

  it("names a few bad members of a set and counts the others", () => {
    const members = Array.from({ length: 1000 }, (_, index) => `bad${index}`);
    const issues = createBuilder().apply([setUpdate("s:x", "NET", members)]);
    assert.equal(issues.length, 4);
    assert.match(issues[3]?.message ?? "", /997 more/);
  });
});

describe("what can't be used refuses what it might have refused", () => {
  const bySet = (action: string) => policyUpdate("api", [{ action, src_ip_set_ids: ["s:x"] }, ALLOW]);
  const cases: readonly { readonly name: string; readonly sets: readonly Message[] }[] = [
    { name: "no set", sets: [] },
    {
      name: "a delta alone",
      sets: [decode({ ipset_delta_update: { id: "s:x", removed_members: ["192.0.2.1/32"] } })],
    },
    { name: "an unknown kind", sets: [setUpdate("s:x", "NEW", ["192.0.2.1/32"])] },
    { name: "the wrong kind", sets: [setUpdate("s:x", "IP_AND_PORT", ["192.0.2.1,tcp:80"])] },
    { name: "a bad member", sets: [setUpdate("s:x", "NET", ["192.0.2.1/32", "x"])] },
    { name: "an incomplete set", sets: [setUpdate("s:x", "NET", ["192.0.2.1/32"], true)] },
    {
      name: "a bad addition",
      sets: [
        setUpdate("s:x", "NET", ["192.0.2.1/32"]),
        decode({ ipset_delta_update: { id: "s:x", added_members: ["x"] } }),
      ],
    },
    {
      name: "a bad removal",
      sets: [
        setUpdate("s:x", "NET", ["192.0.2.1/32"]),
        decode({ ipset_delta_update: { id: "s:x", removed_members: ["x"] } }),
      ],
    },
    {
      name: "a set that was removed",
      sets: [setUpdate("s:x", "NET", []), decode({ ipset_remove: { id: "s:x" } })],
    },
  ];
  for (const { name, sets } of cases) {
    it(`${name}: neither admits nor lets past`, () => {
      const denying = build([...sets, bySet("deny"), endpointUpdate()]);
      assert.equal(outcome(denying), "set_missing");
      const allowing = build([
        ...sets,
        policyUpdate("api", [{ action: "allow", src_ip_set_ids: ["s:x"] }]),
        endpointUpdate(),
      ]);
      assert.equal(outcome(allowing), "set_missing");
      const whole = build([...sets, setUpdate("s:x", "NET", []), bySet("deny"), endpointUpdate()]);
      assert.equal(outcome(whole), "allow");
    });
  }

  it("the removal that names another endpoint leaves ours in force", () => {
    const id = { orchestrator_id: "k8s", workload_id: "shop/other", endpoint_id: "eth0" };
    const other = decode({ workload_endpoint_remove: { id } });
    assert.equal(outcome(build([policyUpdate("api", [ALLOW]), endpointUpdate(), other])), "allow");
    const own = decode({ workload_endpoint_remove: { id: { ...id, workload_id: "shop/api-0" } } });
    assert.equal(outcome(build([policyUpdate("api", [ALLOW]), endpointUpdate(), own])), "no_endpoint");
  });

  it("an unusable policy refuses what its rules might have refused", () => {
    const unusable = (rules: readonly object[]) =>
      build([policyUpdate("api", rules as never, { unusable: "line 3" }), endpointUpdate()]);
    assert.equal(outcome(unusable([DENY])), "policy_broken");
    assert.equal(outcome(unusable([ALLOW])), "policy_broken");
    assert.equal(outcome(unusable([])), "policy_broken");
    assert.equal(outcome(unusable([{ action: "deny", src_net: ["192.0.2.0/24"] }])), "policy_broken");
    const skipped = build([
      policyUpdate("api", [ALLOW], { unusable: "line 3" }),
      policyUpdate("next", [ALLOW]),
      endpointUpdate([tier("default", "Deny", ["api", "next"])]),
    ]);
    assert.equal(outcome(skipped), "allow");
  });
});

describe("a delta", () => {
  it("adds first and then removes", () => {
    const builder = createBuilder([
      setUpdate("s:x", "NET", ["192.0.2.0/24"]),
      policyUpdate("api", [{ action: "allow", src_ip_set_ids: ["s:x"] }]),
      endpointUpdate(),
    ]);
    builder.apply([
      decode({
        ipset_delta_update: {
          id: "s:x",
          added_members: ["10.0.0.0/8"],
          removed_members: ["10.0.0.0/8", "192.0.2.0/24"],
        },
      }),
    ]);
    assert.equal(outcome(builder.build(1)), "tier_default");
    assert.equal(outcome(builder.build(2), { from: "192.0.2.1" }), "tier_default");
  });

  it("touches its own set and leaves other segments and earlier snapshots as they were", () => {
    const builder = createBuilder([
      setUpdate("s:x", "NET", []),
      setUpdate("s:y", "NET", ["10.0.0.0/8"]),
      policyUpdate("first", [{ action: "deny", src_ip_set_ids: ["s:x"] }]),
      policyUpdate("second", [{ action: "allow", src_ip_set_ids: ["s:y"] }]),
      endpointUpdate([tier("one", "Pass", ["first"]), tier("two", "Deny", ["second"])]),
    ]);
    const before = builder.build(1);
    assert.equal(outcome(before), "allow");
    builder.apply([decode({ ipset_delta_update: { id: "s:x", added_members: ["10.0.0.0/24"] } })]);
    const after = builder.build(2);
    assert.equal(outcome(after), "rule");
    assert.equal(outcome(before), "allow");
    assert.notEqual(after.tiers[0]?.segments[0], before.tiers[0]?.segments[0]);
    assert.equal(after.tiers[0]?.segments[0]?.segment, before.tiers[0]?.segments[0]?.segment);
    assert.equal(after.tiers[1]?.segments[0], before.tiers[1]?.segments[0]);
    assert.equal(after.counts.ipSetMembers, before.counts.ipSetMembers + 1);
  });
});

describe("SnapshotBuilder.build()", () => {
  const rulesOf = (index: number) => [
    { action: "allow", src_net: [`10.${index >> 8}.${index & 255}.0/24`], http_match: { methods: ["GET"] } },
    { action: "deny", src_net: [`11.${index >> 8}.${index & 255}.0/24`] },
  ];
  const names = Array.from({ length: 4000 }, (_, index) => `p${index}`);
  const many = [
    ...names.map((name, index) => policyUpdate(name, rulesOf(index))),
    endpointUpdate([tier("default", "Deny", names)]),
  ];

  it("judges by thousands of policies, whichever segment decides", () => {
    const snapshot = build(many);
    assert.ok((snapshot.tiers[0]?.segments.length ?? 0) > 1);
    assert.equal(snapshot.counts.rules, 8000);
    for (let index = 0; index < names.length; index += 7) {
      const address = `${index >> 8}.${index & 255}.7`;
      const allowed = evaluateSnapshot(snapshot, ask({ from: `10.${address}` }));
      assert.ok(allowed.allowed);
      assert.equal(allowed.decider.kind === "rule" && allowed.decider.policy, `NetworkPolicy shop/p${index}`);
      const denied = evaluateSnapshot(snapshot, ask({ from: `11.${address}` }));
      assert.ok(!denied.allowed);
      assert.equal(denied.decider.kind === "rule" && denied.decider.ruleIndex, 1);
    }
    assert.equal(outcome(snapshot, { from: "10.99.0.1" }), "tier_default");
  });

  it("keeps what one changed, added or removed policy does not touch", () => {
    const builder = createBuilder(many);
    const segmentsOf = (revision: number) =>
      new Set(builder.build(revision).tiers[0]?.segments.map(({ segment }) => segment));
    let before = segmentsOf(1);
    const steps: readonly (readonly Message[])[] = [
      [policyUpdate("p2000", [DENY])],
      [
        policyUpdate("extra", [DENY]),
        endpointUpdate([tier("default", "Deny", [...names.slice(0, 10), "extra", ...names.slice(10)])]),
      ],
      [
        endpointUpdate([
          tier(
            "default",
            "Deny",
            names.filter((name) => name !== "p17"),
          ),
        ]),
      ],
    ];
    for (const [index, step] of steps.entries()) {
      builder.apply(step);
      const after = segmentsOf(index + 2);
      const compiled = [...after].filter((segment) => !before.has(segment)).length;
      assert.ok(compiled <= 2, `${compiled} of ${after.size} segments compiled anew`);
      before = after;
    }
  });

  it("splits one policy of many thousand rules", () => {
    const rules = Array.from({ length: 10_000 }, (_, index) => ({
      action: index % 2 === 0 ? "allow" : "deny",
      http_match: { paths: [{ exact: `/r${index}` }] },
    }));
    const snapshot = build([policyUpdate("api", rules), endpointUpdate()]);
    assert.ok((snapshot.tiers[0]?.segments.length ?? 0) >= 3);
    for (const index of [0, 1, 4095, 4096, 8191, 8192, 9999]) {
      const verdict = evaluateSnapshot(snapshot, ask({ http: `GET /r${index}` }));
      assert.equal(verdict.allowed, index % 2 === 0);
      assert.equal(verdict.decider.kind === "rule" && verdict.decider.ruleIndex, index);
    }
    assert.equal(outcome(snapshot, { http: "GET /r10000" }), "tier_default");
  });

  it("takes up changed labels for identities that came by before", () => {
    const labels = (team: string): Message =>
      decode({ namespace_update: { id: { name: "dev" }, labels: { team } } });
    const builder = createBuilder([
      policyUpdate("api", [{ action: "allow", original_src_namespace_selector: "team == 'x'" }]),
      endpointUpdate(),
      labels("x"),
    ]);
    const before = builder.build(1);
    assert.equal(outcome(before, { peer: "dev/web" }), "allow");
    builder.apply([labels("y")]);
    const after = builder.build(2);
    assert.equal(outcome(after, { peer: "dev/web" }), "tier_default");
    assert.equal(outcome(before, { peer: "dev/web" }), "allow");
    builder.apply([decode({ namespace_remove: { id: { name: "dev" } } })]);
    assert.equal(outcome(builder.build(3), { peer: "dev/web" }), "set_missing");
  });

  it("takes up a changed profile list as the endpoint's own identity", () => {
    const builder = createBuilder([
      policyUpdate("api", [{ action: "allow", dst_service_account_match: { names: ["api"] } }]),
      profileUpdate("ksa.shop.api", []),
      endpointUpdate([tier("default", "Deny", ["api"])], ["ksa.shop.api"]),
    ]);
    assert.equal(outcome(builder.build(1)), "allow");
    builder.apply([
      profileUpdate("ksa.shop.db", []),
      endpointUpdate([tier("default", "Deny", ["api"])], ["ksa.shop.db"]),
    ]);
    assert.equal(outcome(builder.build(2)), "tier_default");
    builder.apply([endpointUpdate([tier("default", "Deny", ["api"])], ["ksa.shop.db", "ksa.shop.api"])]);
    assert.equal(outcome(builder.build(3)), "set_missing");
  });

  it("shares verdicts within a revision and names the revision", () => {
    const builder = createBuilder([policyUpdate("api", [ALLOW]), endpointUpdate()]);
    const first = builder.build(5);
    assert.equal(evaluateSnapshot(first, ask()), evaluateSnapshot(first, ask({ http: "PUT /x" })));
    assert.equal(evaluateSnapshot(first, ask()).revision, 5);
    assert.equal(evaluateSnapshot(builder.build(6), ask()).revision, 6);
  });
});

describe("SnapshotStore", () => {
  it("refuses a revision that does not grow", () => {
    const builder = createBuilder([policyUpdate("api", [ALLOW]), endpointUpdate()]);
    const store = new SnapshotStore();
    store.publish(builder.build(3));
    assert.throws(() => store.publish(builder.build(3)), /revisions only grow/);
    assert.throws(() => store.publish(builder.build(2)), /revisions only grow/);
    store.publish(builder.build(4));
    assert.equal(store.current?.revision, 4);
  });
});
