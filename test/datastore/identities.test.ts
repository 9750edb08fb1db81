import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseResource } from "../../src/datastore/parse-resource.ts";

const PARTNER = "spiffe://partner.example/billing";

function policy(
  identities: unknown,
  options: { apiVersion?: string; kind?: string; side?: string; list?: string } = {},
): unknown {
  const { apiVersion = "ephor.dev/v1", kind = "NetworkPolicy", side = "source", list = "ingress" } = options;
  const isGlobal = kind === "GlobalNetworkPolicy";
  return {
    apiVersion,
    kind,
    metadata: { name: "partners", ...(isGlobal ? {} : { namespace: "shop" }) },
    spec: { [list]: [{ action: "Allow", [side]: { identities } }] },
  };
}

function parse(value: unknown): ReturnType<typeof parseResource> {
  return parseResource(value, () => "x.yaml:1:1");
}

describe("identities in a rule", () => {
  for (const kind of ["NetworkPolicy", "GlobalNetworkPolicy"]) {
    it(`are read in a ${kind} of our own group`, () => {
      const { resource, issues } = parse(policy({ ids: [PARTNER], trustDomains: ["a.example"] }, { kind }));
      assert.deepEqual(issues, []);
      assert.ok(resource?.kind === kind && "spec" in resource && resource.unusable === undefined);
      assert.deepEqual(resource.spec.ingress[0]?.source.identities, {
        ids: [PARTNER],
        prefixes: [],
        trustDomains: ["a.example"],
      });
    });
  }

  const refused: readonly (readonly [why: string, value: unknown, message: RegExp])[] = [
    [
      "in Calico's group",
      policy({ ids: [PARTNER] }, { apiVersion: "projectcalico.org/v3" }),
      /needs `apiVersion: ephor.dev\/v1`/,
    ],
    ["of a destination", policy({ ids: [PARTNER] }, { side: "destination" }), /`source` only/],
    ["of an egress rule", policy({ ids: [PARTNER] }, { list: "egress" }), /ingress rules only/],
    ["that name nobody", policy({}), /names nobody/],
    ["with empty lists", policy({ ids: [], prefixes: [] }), /names nobody/],
    ["that are no SPIFFE IDs", policy({ ids: ["https://partner.example/billing"] }), /not a SPIFFE ID/],
    ["with a prefix that ends with a slash", policy({ prefixes: [`${PARTNER}/`] }), /not a SPIFFE ID/],
    [
      "with a trust domain that is an ID",
      policy({ trustDomains: ["spiffe://partner.example"] }),
      /not a trust domain/,
    ],
    ["with a wildcard", policy({ trustDomains: ["*"] }), /not a trust domain/],
    ["with a misspelt key", policy({ prefix: [PARTNER] }), /unknown key `prefix`/],
  ];
  for (const [why, value, message] of refused) {
    it(`are refused ${why}`, () => {
      const { issues } = parse(value);
      assert.match(issues.map((issue) => issue.message).join("\n"), message);
    });
  }
});
