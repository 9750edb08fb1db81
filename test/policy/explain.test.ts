import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { explain } from "../../src/policy/explain.ts";
import type { Message } from "../../src/policy/messages.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import {
  type Asked,
  ask,
  build,
  buildRules,
  decode,
  endpointUpdate,
  FOREIGN,
  policyUpdate,
  setUpdate,
  tier,
  type WireRule,
} from "./make.ts";

/** What a policy of a shop says: the web may read, the office may do what it likes. */
const SHOP: readonly WireRule[] = [
  {
    action: "allow",
    src_ip_set_ids: ["s:web"],
    src_service_account_match: { names: ["web"] },
    http_match: { methods: ["GET", "HEAD"], paths: [{ prefix: "/v1" }] },
  },
  { action: "allow", src_net: ["198.51.100.0/24"], dst_ports: [{ first: 8080, last: 8081 }] },
];
const SHOP_SETS: readonly Message[] = [setUpdate("s:web", "NET", ["10.0.0.1/32", "10.0.0.2/32"])];
const shop = buildRules(SHOP, {}, SHOP_SETS);

function nearest(snapshot: Snapshot, asked: Asked): string | undefined {
  return explain(snapshot, ask(asked)).nearest;
}

describe("explain().nearest", () => {
  const cases: readonly { readonly name: string; readonly asked: Asked; readonly want: string }[] = [
    {
      name: "another method",
      asked: { peer: "shop/web", http: "DELETE /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows GET, HEAD on /v1: the method DELETE is not among them",
    },
    {
      name: "another path",
      asked: { peer: "shop/web", http: "GET /admin" },
      want: "rule 0 of NetworkPolicy shop/api allows GET, HEAD on /v1: the path /admin is not certainly covered",
    },
    {
      name: "a path that may mean another",
      asked: { peer: "shop/web", http: "GET /v1/..%2fadmin" },
      want: "rule 0 of NetworkPolicy shop/api allows GET, HEAD on /v1: the path /v1/..%2fadmin is not certainly covered",
    },
    {
      name: "another identity",
      asked: { peer: "shop/db", http: "GET /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows service account shop/web: the caller is shop/db",
    },
    {
      name: "any identity",
      asked: { http: "GET /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows service account shop/web: the caller showed no identity",
    },
    {
      name: "an identity that can be judged",
      asked: { peer: FOREIGN, http: "GET /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows service account shop/web: the caller can't be judged: it is not a SPIFFE ID",
    },
    {
      name: "another workload: identity and address together",
      asked: { peer: "dev/db", from: "10.9.9.9", http: "GET /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows service account shop/web: the caller is dev/db",
    },
    {
      name: "another address in the set",
      asked: { peer: "shop/web", from: "10.0.0.9", http: "GET /v1/items" },
      want: "rule 0 of NetworkPolicy shop/api allows callers in its IP set, such as 10.0.0.1: the source address is 10.0.0.9",
    },
    {
      name: "another address in the nets",
      asked: { from: "203.0.113.1", http: "PUT /x" },
      want: "rule 1 of NetworkPolicy shop/api allows 198.51.100.0/24: the source address is 203.0.113.1",
    },
    {
      name: "another port",
      asked: { from: "198.51.100.1", port: 22, http: "PUT /x" },
      want: "rule 1 of NetworkPolicy shop/api allows port 8080-8081: the port is 22",
    },
  ];
  for (const { name, asked, want } of cases) {
    it(name, () => {
      // A set may be iterated in any order; both members will do.
      assert.equal(nearest(shop, asked)?.replace("10.0.0.2", "10.0.0.1"), want);
    });
  }

  it("a clause of a rule, where no change of the request helps", () => {
    const snapshot = buildRules([{ action: "allow", src_ip_set_ids: ["s:gone"] }]);
    assert.equal(
      nearest(snapshot, {}),
      "rule 0 of NetworkPolicy shop/api would allow it but for its source IP set: IP set s:gone was not received",
    );
  });

  it("the rule that stands in the way", () => {
    const snapshot = buildRules([{ action: "deny" }, { action: "allow" }]);
    assert.equal(
      nearest(snapshot, {}),
      "without rule 0 of NetworkPolicy shop/api, which stands in the way, it would be allowed",
    );
  });

  it("nothing, where no single change helps", () => {
    assert.equal(nearest(buildRules([]), {}), undefined);
    assert.equal(
      nearest(buildRules([{ action: "deny" }, { action: "deny" }, { action: "allow" }]), {}),
      undefined,
    );
    assert.equal(nearest(build([]), {}), undefined);
  });

  it("nothing for an allow", () => {
    assert.equal(nearest(shop, { peer: "shop/web", http: "GET /v1" }), undefined);
  });

  it("does not promise what an earlier rule would refuse", () => {
    const rules = [
      { action: "deny", http_match: { methods: ["GET"] } },
      { action: "allow", http_match: { methods: ["GET"] } },
    ];
    // With GET the request would meet the rule before.
    assert.equal(
      nearest(buildRules(rules), { http: "PUT /" }),
      "rule 1 of NetworkPolicy shop/api would allow it but for its method: the method PUT is not among GET",
    );
  });

  it("says something within bounds of a policy of many thousand rules", () => {
    const rules = Array.from({ length: 5000 }, (_, index) => ({
      action: "allow",
      src_ip_set_ids: ["s:gone"],
      http_match: { methods: ["GET"], paths: [{ exact: `/${index}` }] },
    }));
    const startMs = performance.now();
    assert.equal(nearest(buildRules(rules), { http: "GET /4999" }), undefined);
    assert.ok(performance.now() - startMs < 5000);
  });
});

describe("explain().walks", () => {
  it("tells tier by tier, rule by rule, clause by clause", () => {
    const snapshot = build([
      ...SHOP_SETS,
      policyUpdate("block", [{ action: "deny", src_net: ["192.0.2.0/24"] }, { action: "next-tier" }]),
      policyUpdate("api", SHOP),
      endpointUpdate([tier("security", "Pass", ["block"]), tier("default", "Deny", ["api"])]),
    ]);
    const { verdict, walks } = explain(snapshot, ask({ peer: "shop/web", http: "PUT /v1" }));
    assert.equal(verdict.allowed, false);
    assert.equal(walks.length, 1);
    const [walk] = walks;
    assert.deepEqual(walk?.readings, ["literal", "merged", "decoded", "unmerged", "servlet", "reference"]);
    assert.deepEqual(
      walk?.tiers.map(({ tier: name, outcome }) => [name, outcome]),
      [
        ["security", "left by a pass"],
        ["default", "no rule decided: the tier's default action denies"],
      ],
    );
    const [block] = walk?.tiers[0]?.objects ?? [];
    assert.deepEqual(
      block?.rules.map(({ answer, action }) => [answer, action]),
      [
        ["no", "deny"],
        ["yes", "next-tier"],
      ],
    );
    const [api] = walk?.tiers[1]?.objects ?? [];
    assert.deepEqual(
      api?.rules[0]?.clauses.map(({ clause, answer }) => [clause, answer]),
      [
        ["source service account", "yes"],
        ["source namespace", "yes"],
        ["source IP set", "yes"],
        ["method", "no"],
        ["path", "yes"],
      ],
    );
    assert.equal(api?.rules[0]?.clauses[3]?.why, "the method PUT is not among GET, HEAD");
  });

  it("tells each reading that goes its own way", () => {
    const { walks } = explain(shop, ask({ peer: "shop/web", http: "GET /v1/..%2fadmin" }));
    assert.deepEqual(
      walks.map(({ readings, path, verdict }) => [readings.join(), path, verdict.allowed]),
      [
        ["literal", "/v1/..%2fadmin", true],
        ["merged", "/v1/..%2Fadmin", true],
        ["decoded,unmerged,servlet,reference", "/admin", false],
      ],
    );
  });

  it("is plain data", () => {
    const explanation = explain(shop, ask({ peer: FOREIGN, http: "GET /v1/%2e" }));
    assert.deepEqual(JSON.parse(JSON.stringify(explanation)), {
      ...explanation,
      ...(explanation.nearest === undefined ? {} : { nearest: explanation.nearest }),
    });
  });

  it("lists staged and missing policies as such", () => {
    const staged = { name: "later", namespace: "shop", kind: "StagedNetworkPolicy" };
    const endpoint = decode({
      workload_endpoint_update: {
        id: { orchestrator_id: "k8s", workload_id: "shop/api-0", endpoint_id: "eth0" },
        endpoint: {
          tiers: [
            {
              name: "default",
              default_action: "Deny",
              ingress_policies: [staged, { name: "gone", namespace: "shop", kind: "NetworkPolicy" }],
            },
          ],
        },
      },
    });
    const { walks, verdict } = explain(build([endpoint]), ask());
    assert.deepEqual(
      walks[0]?.tiers[0]?.objects.map(({ object, status }) => [object, status]),
      [
        ["StagedNetworkPolicy shop/later", "staged"],
        ["NetworkPolicy shop/gone", "missing"],
      ],
    );
    assert.equal(!verdict.allowed && verdict.reason, "policy_missing");
  });
});
