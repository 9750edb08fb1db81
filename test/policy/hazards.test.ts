/**
 * Ways in which engines of this kind have let through what policy refuses, or fallen over: each is shown not to exist
 * here. Numbers as in the catalogue they come from; what concerns sockets, streams and processes is tested in their rooms.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import {
  type Asked,
  ask,
  build,
  buildRules,
  decode,
  endpointUpdate,
  FOREIGN,
  FOREIGN_DOMAIN,
  IN_SYNC,
  policyUpdate,
  profileUpdate,
  setUpdate,
  tier,
  type WireRule,
} from "./make.ts";

const ALLOW: WireRule = { action: "allow" };
const BOTH: readonly PolicyOptions["semantics"][] = ["strict", "calico"];

/** `allow`, or the reason of the denial. */
function outcome(snapshot: Snapshot, asked: Asked): string {
  const verdict: Verdict = evaluateSnapshot(snapshot, ask(asked));
  return verdict.allowed ? "allow" : verdict.reason;
}

function accounts(...names: string[]): object {
  return { src_service_account_match: { names } };
}

describe("hazards of identity and request data", () => {
  for (const semantics of BOTH) {
    it(`W1: a principal that is no SPIFFE ID satisfies no identity clause (${semantics})`, () => {
      const allowed = buildRules([{ action: "allow", ...accounts("web") }], { semantics });
      assert.equal(outcome(allowed, { peer: FOREIGN }), "identity_unverified");
      assert.equal(outcome(allowed, { peer: "shop/web" }), "allow");
      const denied = buildRules([{ action: "deny", ...accounts("web") }, ALLOW], { semantics });
      assert.equal(outcome(denied, { peer: FOREIGN }), "identity_unverified");
      assert.equal(outcome(denied, { peer: "shop/db" }), "allow");
    });
  }

  it("W2: a caller without identity is not taken for the one that a rule names", () => {
    const snapshot = buildRules([{ action: "allow", ...accounts("web") }]);
    assert.equal(outcome(snapshot, {}), "identity_unverified");
    const denied = buildRules([{ action: "deny", ...accounts("web") }, ALLOW]);
    assert.equal(outcome(denied, {}), "identity_unverified");
  });

  it("W3: the same namespace and name in another trust domain is somebody else", () => {
    const snapshot = buildRules([{ action: "allow", ...accounts("web") }]);
    assert.equal(outcome(snapshot, { peer: FOREIGN_DOMAIN }), "tier_default");
    const byNamespace = buildRules([{ action: "allow", original_src_namespace_selector: "all()" }]);
    assert.equal(outcome(byNamespace, { peer: FOREIGN_DOMAIN }), "identity_unverified");
  });

  for (const semantics of BOTH) {
    it(`W5: a set that was not received restricts, it is not dropped (${semantics})`, () => {
      for (const field of ["src_ip_set_ids", "dst_ip_set_ids", "dst_ip_port_set_ids"]) {
        const allowed = buildRules([{ action: "allow", [field]: ["s:gone"] }], { semantics });
        assert.equal(outcome(allowed, {}), "set_missing", field);
        const denied = buildRules([{ action: "deny", [field]: ["s:gone"] }, ALLOW], { semantics });
        assert.equal(outcome(denied, {}), "set_missing", field);
        const negated = buildRules([{ action: "allow", not_src_ip_set_ids: ["s:gone"] }], { semantics });
        assert.equal(outcome(negated, {}), "set_missing");
      }
    });
  }

  it("W8: labels come with the policy, never from the request", () => {
    const rule = { action: "allow", src_service_account_match: { selector: "role == 'admin'" } };
    const labels = (role: string) =>
      decode({ service_account_update: { id: { namespace: "shop", name: "web" }, labels: { role } } });
    assert.equal(outcome(buildRules([rule], {}, [labels("admin")]), { peer: "shop/web" }), "allow");
    assert.equal(outcome(buildRules([rule], {}, [labels("user")]), { peer: "shop/web" }), "tier_default");
    assert.equal(outcome(buildRules([rule]), { peer: "shop/web" }), "set_missing");
  });

  it("W9: a rule with HTTP conditions does not admit what carries no HTTP", () => {
    const snapshot = buildRules([{ action: "allow", http_match: { methods: ["GET"] } }]);
    assert.equal(outcome(snapshot, { http: undefined }), "no_http");
    assert.equal(outcome(snapshot, { http: "GET /" }), "allow");
    assert.equal(outcome(snapshot, { http: "PUT /" }), "tier_default");
  });

  it("W10: an empty HTTP match still asks for HTTP", () => {
    const snapshot = buildRules([{ action: "allow", http_match: {} }]);
    assert.equal(outcome(snapshot, { http: undefined }), "no_http");
    assert.equal(outcome(snapshot, { http: "BREW /pot" }), "allow");
  });

  for (const semantics of BOTH) {
    it(`W15: a protocol that nobody knows is neither TCP nor UDP (${semantics})`, () => {
      for (const name of ["tcp", "udp"]) {
        const allowed = buildRules([{ action: "allow", protocol: { name } }], { semantics });
        assert.equal(outcome(allowed, { protocol: 0 }), "bad_request");
        const denied = buildRules([{ action: "deny", not_protocol: { name } }, ALLOW], { semantics });
        assert.equal(outcome(denied, { protocol: 0 }), "bad_request");
      }
    });

    it(`W16: a protocol name that is not known does not lose the exclusion (${semantics})`, () => {
      const allowed = buildRules([{ action: "allow", not_protocol: { name: "tpc" } }], { semantics });
      assert.equal(outcome(allowed, {}), "policy_broken");
      const denied = buildRules([{ action: "deny", protocol: { name: "tpc" } }, ALLOW], { semantics });
      assert.equal(outcome(denied, {}), "policy_broken");
    });
  }

  it("W17: a namespace whose labels were not received matches no negated selector", () => {
    const snapshot = buildRules([{ action: "allow", original_src_namespace_selector: "team != 'evil'" }]);
    assert.equal(outcome(snapshot, { peer: "dev/web" }), "set_missing");
    const labels = (team: string) => decode({ namespace_update: { id: { name: "dev" }, labels: { team } } });
    const known = (team: string) =>
      buildRules([{ action: "allow", original_src_namespace_selector: "team != 'evil'" }], {}, [
        labels(team),
      ]);
    assert.equal(outcome(known("good"), { peer: "dev/web" }), "allow");
    assert.equal(outcome(known("evil"), { peer: "dev/web" }), "tier_default");
  });

  for (const semantics of BOTH) {
    it(`W18: global() is nobody who has a namespace (${semantics})`, () => {
      const snapshot = buildRules([{ action: "allow", original_src_namespace_selector: "global()" }], {
        semantics,
      });
      assert.equal(outcome(snapshot, { peer: "dev/web" }), "tier_default");
      const all = buildRules([{ action: "allow", original_src_namespace_selector: "all()" }], { semantics });
      assert.equal(outcome(all, { peer: "dev/web" }), "allow");
    });
  }
});

describe("hazards of the matching engine", () => {
  for (const semantics of BOTH) {
    it(`W6: a named port is asked with address, protocol and port (${semantics})`, () => {
      const set = setUpdate("n:http", "IP_AND_PORT", ["10.0.1.9,tcp:8080"]);
      const allowed = buildRules(
        [{ action: "allow", dst_named_port_ip_set_ids: ["n:http"] }],
        { semantics },
        [set],
      );
      assert.equal(outcome(allowed, {}), "allow");
      assert.equal(outcome(allowed, { to: "10.0.1.8" }), "tier_default");
      assert.equal(outcome(allowed, { port: 8081 }), "tier_default");
      assert.equal(outcome(allowed, { protocol: 17 }), "tier_default");
      const not = [{ action: "allow", not_dst_named_port_ip_set_ids: ["n:http"] }];
      assert.equal(outcome(buildRules(not, { semantics }, [set]), {}), "tier_default");
      assert.equal(outcome(buildRules(not, { semantics }, [set]), { port: 8081 }), "allow");
    });

    it(`W7: a member of any prefix length is found (${semantics})`, () => {
      for (let length = 1; length <= 32; length++) {
        const rules = [{ action: "deny", src_ip_set_ids: ["s:a"] }, ALLOW];
        const snapshot = buildRules(rules, { semantics }, [
          setUpdate("s:a", "NET", [`192.0.2.77/${length}`]),
        ]);
        assert.equal(outcome(snapshot, { from: "192.0.2.77" }), "rule", `/${length}`);
        assert.equal(
          outcome(snapshot, { from: length === 1 ? "10.0.0.1" : "64.0.0.1" }),
          "allow",
          `/${length}`,
        );
      }
      for (const length of [1, 63, 64, 65, 120, 121, 127, 128]) {
        const rules = [{ action: "deny", src_ip_set_ids: ["s:a"] }, ALLOW];
        const snapshot = buildRules(rules, { semantics }, [setUpdate("s:a", "NET", [`fd00::7/${length}`])]);
        assert.equal(outcome(snapshot, { from: "fd00::7" }), "rule", `/${length}`);
        assert.equal(outcome(snapshot, { from: "64::1" }), "allow", `/${length}`);
      }
    });
  }

  it("W11: a path that some backend reads as another is not admitted by the friendliest reading", () => {
    const snapshot = buildRules([{ action: "allow", http_match: { paths: [{ prefix: "/public" }] } }]);
    const tricks = ["/secret/..%2fpublic", "/secret/..;/public", "/secret/..\\public", "/public/..%2fsecret"];
    for (const path of tricks)
      assert.equal(outcome(snapshot, { http: `GET ${path}` }), "path_ambiguous", path);
    assert.equal(outcome(snapshot, { http: "GET /public/x" }), "allow");
    assert.equal(outcome(snapshot, { http: "GET /secret/../public" }), "path_ambiguous");
  });

  it("W12: a trailing slash and parameters in a rule's path widen nothing", () => {
    const below = buildRules([{ action: "allow", http_match: { paths: [{ prefix: "/admin/" }] } }]);
    assert.equal(outcome(below, { http: "GET /admin" }), "path_ambiguous");
    assert.equal(outcome(below, { http: "GET /admin/x" }), "allow");
    const withParameter = buildRules([{ action: "allow", http_match: { paths: [{ exact: "/a;v=1" }] } }]);
    assert.equal(outcome(withParameter, { http: "GET /a" }), "path_ambiguous");
    assert.equal(outcome(withParameter, { http: "GET /a;v=1" }), "allow");
    const unreadable = buildRules([{ action: "allow", http_match: { paths: [{ exact: "/a%zz" }] } }]);
    assert.equal(outcome(unreadable, { http: "GET /a" }), "tier_default");
  });

  for (const semantics of BOTH) {
    it(`W13: a path entry that says nothing does not match every path (${semantics})`, () => {
      for (const paths of [[{}], [{ exact: "" }], [{ prefix: "" }], [{ prefix: "/a" }, {}]]) {
        const snapshot = buildRules([{ action: "allow", http_match: { paths } }], { semantics });
        assert.equal(outcome(snapshot, { http: "GET /b" }), "policy_broken");
      }
    });

    it(`W14: IP version and ICMP terms count (${semantics})`, () => {
      const version6 = buildRules([{ action: "allow", ip_version: "IPV6" }], { semantics });
      assert.equal(outcome(version6, {}), "tier_default");
      assert.equal(outcome(version6, { from: "fd00::1", to: "fd00::2" }), "allow");
      const version5 = buildRules([{ action: "deny", ip_version: 5 }, ALLOW], { semantics });
      assert.equal(outcome(version5, {}), "policy_broken");
      const ping = buildRules([{ action: "allow", icmp_type: 8 }], { semantics });
      assert.equal(outcome(ping, {}), "tier_default");
    });

    it(`W21: SCTP is found in service sets (${semantics})`, () => {
      const snapshot = buildRules([{ action: "allow", dst_ip_port_set_ids: ["svc:a"] }], { semantics }, [
        setUpdate("svc:a", "IP_AND_PORT", ["10.0.1.9,sctp:8080"]),
      ]);
      assert.equal(outcome(snapshot, { protocol: 132 }), "allow");
      assert.equal(outcome(snapshot, {}), "tier_default");
    });

    it(`W22: a profile that was not received denies (${semantics})`, () => {
      const profiles = ["gone", "open"];
      const messages = [profileUpdate("open", [ALLOW]), endpointUpdate([], profiles)];
      assert.equal(outcome(build(messages, { semantics }), {}), "profile_missing");
      const known = [profileUpdate("gone", []), ...messages];
      assert.equal(outcome(build(known, { semantics }), {}), "allow");
    });

    it(`W23: only Pass ends a tier without denying (${semantics})`, () => {
      for (const defaultAction of ["", "Allow", "allow", "pass", "PASS", "Log", "Deny"]) {
        const messages = [
          policyUpdate("api", []),
          profileUpdate("open", [ALLOW]),
          endpointUpdate([tier("default", defaultAction, ["api"])], ["open"]),
        ];
        assert.equal(outcome(build(messages, { semantics }), {}), "tier_default", defaultAction);
      }
      const passing = [
        policyUpdate("api", []),
        profileUpdate("open", [ALLOW]),
        endpointUpdate([tier("default", "Pass", ["api"])], ["open"]),
      ];
      assert.equal(outcome(build(passing, { semantics }), {}), "allow");
    });

    it(`W25: an action that is not understood denies, also when the rule is only unknown (${semantics})`, () => {
      for (const action of ["", "accept", "next_tier"]) {
        assert.equal(outcome(buildRules([{ action }, ALLOW], { semantics }), {}), "bad_action", action);
      }
      const unknown = buildRules([{ action: "accept", src_ip_set_ids: ["s:gone"] }, ALLOW], { semantics });
      assert.equal(outcome(unknown, {}), "bad_action");
      const elsewhere = buildRules([{ action: "accept", src_net: ["192.0.2.0/24"] }, ALLOW], { semantics });
      assert.equal(outcome(elsewhere, {}), "allow");
    });
  }

  it("W26: members and nets that can't be read do no harm and widen nothing", () => {
    const bad = ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "fd00::/129", "300.0.0.1/8", ""];
    for (const member of bad) {
      const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
      const issues = builder.apply([
        setUpdate("s:a", "NET", ["192.0.2.0/24", member]),
        policyUpdate("api", [{ action: "allow", src_ip_set_ids: ["s:a"] }]),
        endpointUpdate(),
        IN_SYNC,
      ]);
      assert.equal(issues.length, 1, member);
      const snapshot = builder.build(1);
      assert.equal(outcome(snapshot, { from: "::1" }), "set_missing", member);
      assert.equal(outcome(snapshot, { from: "192.0.2.1" }), "allow", member);
      builder.apply([decode({ ipset_delta_update: { id: "s:a", removed_members: [member] } })]);
      assert.equal(outcome(builder.build(2), { from: "192.0.2.1" }), "set_missing", member);
      const nets = buildRules([{ action: "allow", src_net: ["192.0.2.0/24", member] }]);
      assert.equal(outcome(nets, { from: "192.0.2.1" }), "policy_broken", member);
      const notNets = buildRules([{ action: "allow", not_src_net: [member] }]);
      assert.equal(outcome(notNets, {}), "policy_broken", member);
    }
  });
});

describe("hazards of freshness", () => {
  it("W20: nothing of an earlier stream survives, and nothing is judged before the next is complete", () => {
    const first = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    first.apply([policyUpdate("api", [ALLOW]), endpointUpdate(), IN_SYNC]);
    assert.equal(outcome(first.build(1), {}), "allow");
    const second = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    second.apply([endpointUpdate()]);
    assert.equal(outcome(second.build(2), {}), "not_in_sync");
    second.apply([IN_SYNC]);
    assert.equal(outcome(second.build(3), {}), "policy_missing");
  });

  it("W28: updates that are applied together are seen together", () => {
    const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    builder.apply([policyUpdate("api", [ALLOW]), endpointUpdate(), IN_SYNC]);
    const before = builder.build(1);
    builder.apply([setUpdate("s:a", "NET", ["10.0.0.0/8"])]);
    builder.apply([policyUpdate("api", [{ action: "deny", src_ip_set_ids: ["s:a"] }, ALLOW])]);
    assert.equal(outcome(before, {}), "allow");
    assert.equal(outcome(builder.build(2), {}), "rule");
    assert.equal(outcome(before, {}), "allow");
  });
});

describe("hazards of resources", () => {
  it("W19: selectors, CIDRs and paths are read when policy comes, and never again", () => {
    let reads = 0;
    const update = policyUpdate("api", [
      { action: "allow", src_net: ["10.0.0.0/8"], http_match: { paths: [{ prefix: "/a" }] } },
    ]);
    assert.ok(update.kind === "active_policy_update");
    const [rule] = update.policy.inboundRules;
    assert.ok(rule !== undefined);
    const http = {
      methods: [],
      get paths() {
        reads++;
        return [{ prefix: "/a" }];
      },
    };
    const counted = { ...update, policy: { ...update.policy, inboundRules: [{ ...rule, http }] } };
    const snapshot = build([counted, endpointUpdate()]);
    const readsAtBuild = reads;
    assert.ok(readsAtBuild > 0);
    for (let request = 0; request < 10; request++) outcome(snapshot, { http: "GET /a" });
    assert.equal(reads, readsAtBuild);
  });

  it("W34: a path of a megabyte and a selector of great depth cost little and admit nothing", () => {
    const snapshot = buildRules([{ action: "allow", http_match: { paths: [{ prefix: "/a" }] } }]);
    const startMs = performance.now();
    assert.equal(outcome(snapshot, { http: `GET /a${"/%41".repeat(250_000)}` }), "path_ambiguous");
    assert.equal(outcome(snapshot, { http: `GET /a${"/b".repeat(500_000)}` }), "allow");
    const selector = `${"(".repeat(100_000)}all()${")".repeat(100_000)}`;
    const deep = buildRules([{ action: "allow", src_service_account_match: { selector } }]);
    assert.equal(outcome(deep, { peer: "shop/web" }), "policy_broken");
    assert.ok(performance.now() - startMs < 2000);
  });
});
