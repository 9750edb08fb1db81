/**
 * One snapshot asked by one caller and then by another that differs in one thing: each ingredient of what a caller is remembered by, and
 * each clause that may refuse a rule found by its path.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import {
  type Asked,
  account,
  ask,
  buildRules,
  decode,
  FOREIGN,
  FOREIGN_DOMAIN,
  setUpdate,
  type WireRule,
} from "./make.ts";

type Row = {
  readonly what: string;
  /** What the one rule that allows asks besides its path. */
  readonly rule: WireRule;
  readonly allowed: Asked;
  readonly denied: Asked;
  readonly options?: Partial<PolicyOptions>;
};

const WEB: PeerIdentity = account("shop/web");
const DB: PeerIdentity = account("shop/db");
const MACHINE: PeerIdentity = {
  kind: "foreign",
  id: "spiffe://cluster.local/vm/web",
  spiffeId: "spiffe://cluster.local/vm/web",
  otherTrustDomain: false,
  why: "it is not of the form `/ns/NAMESPACE/sa/NAME`",
};

const BY_WEB: WireRule = { src_service_account_match: { names: ["web"] } };
const TO_DB: WireRule = { dst_service_account_match: { names: ["db"] } };
const BY_MACHINE: WireRule = { src_identity_match: { ids: ["spiffe://cluster.local/vm/web"] } };
/** With `--peer identity` a proven peer need not be in the set. */
const BY_NAMESPACE: WireRule = {
  src_ip_set_ids: ["s:one"],
  original_src_namespace_selector: "projectcalico.org/name == 'shop'",
};

const STORE = [
  decode({ namespace_update: { id: { name: "shop" }, labels: { "projectcalico.org/name": "shop" } } }),
  setUpdate("s:one", "NET", ["10.0.0.1/32"]),
  setUpdate("p:one", "IP_AND_PORT", ["10.0.1.9,tcp:8080", "10.0.0.1,tcp:40000"]),
];

/** Calico semantics let a peer without identity, and a check without HTTP, satisfy what is asked of them. */
const STRICT: Partial<PolicyOptions> = { semantics: "strict" };
const CALICO: Partial<PolicyOptions> = { semantics: "calico" };
const PROVEN: Partial<PolicyOptions> = { peer: "identity" };

const ROWS: readonly Row[] = [
  { what: "source address", rule: { src_net: ["10.0.0.1/32"] }, allowed: {}, denied: { from: "10.0.0.2" } },
  {
    what: "source address, in a set",
    rule: { src_ip_set_ids: ["s:one"] },
    allowed: {},
    denied: { from: "10.0.0.2" },
  },
  ...["1:2:3:4", "0:2:3:4", "1:0:3:4", "1:2:0:4", "1:2:3:0"].slice(1).map((words) => ({
    what: `source address of ${words}`,
    rule: { src_net: [`${ipv6("1:2:3:4")}/128`] },
    allowed: { from: ipv6("1:2:3:4") },
    denied: { from: ipv6(words) },
  })),
  {
    what: "source family",
    rule: { src_net: ["::/0"] },
    allowed: { from: "a00:1::" },
    denied: { from: "10.0.0.1" },
  },
  { what: "source without an address", rule: { src_net: ["0.0.0.0/0"] }, allowed: {}, denied: { from: "" } },
  {
    what: "source port",
    rule: { src_ports: [{ first: 40000, last: 40000 }] },
    allowed: {},
    denied: { fromPort: 40001 },
  },
  {
    what: "source port with a name",
    rule: { src_named_port_ip_set_ids: ["p:one"] },
    allowed: {},
    denied: { fromPort: 40001 },
  },
  {
    what: "source address of a port with a name",
    rule: { src_named_port_ip_set_ids: ["p:one"] },
    allowed: {},
    denied: { from: "10.0.0.2" },
  },
  {
    what: "destination address",
    rule: { dst_net: ["10.0.1.9/32"] },
    allowed: {},
    denied: { to: "10.0.1.8" },
  },
  ...["0:2:3:4", "1:0:3:4", "1:2:0:4", "1:2:3:0"].map((words) => ({
    what: `destination address of ${words}`,
    rule: { dst_net: [`${ipv6("1:2:3:4")}/128`] },
    allowed: { to: ipv6("1:2:3:4") },
    denied: { to: ipv6(words) },
  })),
  {
    what: "destination family",
    rule: { dst_net: ["::/0"] },
    allowed: { to: "a00:109::" },
    denied: { to: "10.0.1.9" },
  },
  {
    what: "destination port",
    rule: { dst_ports: [{ first: 8080, last: 8080 }] },
    allowed: {},
    denied: { port: 8081 },
  },
  {
    what: "destination port with a name",
    rule: { dst_named_port_ip_set_ids: ["p:one"] },
    allowed: {},
    denied: { port: 8081 },
  },
  {
    what: "destination address of a port with a name",
    rule: { dst_named_port_ip_set_ids: ["p:one"] },
    allowed: {},
    denied: { to: "10.0.1.8" },
  },
  {
    what: "protocol of a port with a name",
    rule: { dst_named_port_ip_set_ids: ["p:one"] },
    allowed: {},
    denied: { protocol: 17 },
  },
  { what: "service", rule: { dst_ip_port_set_ids: ["p:one"] }, allowed: {}, denied: { to: "10.0.1.8" } },
  { what: "protocol", rule: { protocol: { number: 6 } }, allowed: {}, denied: { protocol: 17 } },
  {
    what: "IP version of the source",
    rule: { ip_version: "IPV4" },
    allowed: {},
    denied: { from: "fd00::1" },
  },
  {
    what: "IP version of the destination",
    rule: { ip_version: "IPV4" },
    allowed: {},
    denied: { to: "fd00::1" },
  },
  { what: "peer", rule: BY_WEB, allowed: { peer: WEB }, denied: { peer: DB } },
  {
    what: "peer without identity",
    rule: BY_WEB,
    allowed: { peer: WEB },
    denied: { peer: NO_IDENTITY },
    options: STRICT,
  },
  { what: "foreign peer", rule: BY_WEB, allowed: { peer: WEB }, denied: { peer: FOREIGN } },
  {
    what: "peer of another trust domain",
    rule: BY_WEB,
    allowed: { peer: WEB },
    denied: { peer: FOREIGN_DOMAIN },
  },
  {
    what: "peer that is no service account",
    rule: BY_WEB,
    allowed: { peer: WEB },
    denied: { peer: MACHINE },
  },
  {
    what: "peer that has a SPIFFE ID only",
    rule: BY_MACHINE,
    allowed: { peer: MACHINE },
    denied: { peer: FOREIGN },
  },
  { what: "peer of a SPIFFE ID", rule: BY_MACHINE, allowed: { peer: MACHINE }, denied: { peer: WEB } },
  {
    what: "peer of the same name elsewhere",
    rule: { ...BY_WEB, original_src_namespace_selector: "projectcalico.org/name == 'shop'" },
    allowed: { peer: WEB },
    denied: { peer: account("dev/web") },
  },
  {
    what: "peer whose identity stands for its address",
    rule: BY_NAMESPACE,
    allowed: { from: "10.0.0.2", peer: WEB },
    denied: { from: "10.0.0.2", peer: NO_IDENTITY },
    options: PROVEN,
  },
  {
    what: "address of a peer without proof",
    rule: { src_ip_set_ids: ["s:one"] },
    allowed: { peer: NO_IDENTITY },
    denied: { peer: NO_IDENTITY, from: "10.0.0.2" },
    options: PROVEN,
  },
  {
    what: "claimed destination",
    rule: TO_DB,
    allowed: { destinationPeer: DB },
    denied: { destinationPeer: WEB },
    options: CALICO,
  },
  {
    what: "foreign destination",
    rule: TO_DB,
    allowed: { destinationPeer: DB },
    denied: { destinationPeer: FOREIGN },
    options: CALICO,
  },
  { what: "method", rule: methods("GET"), allowed: {}, denied: { http: "POST /a" } },
  {
    what: "method that is not usual",
    rule: methods("PURGE"),
    allowed: { http: "PURGE /a" },
    denied: { http: "BREW /a" },
  },
  { what: "usual method and another", rule: methods("PURGE"), allowed: { http: "PURGE /a" }, denied: {} },
  { what: "HTTP", rule: methods("GET"), allowed: {}, denied: { http: undefined }, options: STRICT },
];

function ipv6(words: string): string {
  return words.replaceAll(/\d/g, "0:$&").replace(/^0:/, "fd00:");
}

function methods(...names: readonly string[]): WireRule {
  return { http_match: { methods: names } };
}

/** A rule that asks for this path too. */
function withPath(rule: WireRule, match: object): WireRule {
  const http = (rule["http_match"] ?? {}) as object;
  return { ...rule, http_match: { ...http, paths: [match] } };
}

/** Rules of other paths, so many that those of one path are a list. */
const OTHERS: readonly WireRule[] = Array.from({ length: 200 }, (_, index) =>
  withPath({ action: "allow" }, { exact: `/other/${index}` }),
);

const SHAPES: ReadonlyMap<string, (rule: WireRule) => readonly WireRule[]> = new Map([
  ["the rule alone", (rule) => [rule]],
  ["the rule with a path, alone", (rule) => [withPath(rule, { exact: "/a" })]],
  ["the rule without a path, last of many", (rule) => [...OTHERS, rule]],
  ["the rule with a path, first of many", (rule) => [withPath(rule, { exact: "/a" }), ...OTHERS]],
  ["the rule with a path, last of many", (rule) => [...OTHERS, withPath(rule, { prefix: "/a" })]],
]);

describe("evaluateSnapshot() asked by one caller after the other", () => {
  for (const { what, rule, allowed, denied, options } of ROWS) {
    it(`tells them apart by ${what}`, () => {
      for (const [shape, rulesOf] of SHAPES) {
        const isPathAsked = shape.includes("with a path");
        for (const semantics of options?.semantics === undefined
          ? (["strict", "calico"] as const)
          : [options.semantics]) {
          const chosen = { ...options, semantics };
          for (const order of [
            [allowed, denied],
            [denied, allowed],
          ]) {
            const snapshot = buildRules(rulesOf({ action: "allow", ...rule }), chosen, STORE);
            for (const each of [...order, ...order]) {
              const verdict = evaluateSnapshot(snapshot, ask({ http: "GET /a", ...each }));
              const place = `${semantics}, ${shape}, ${each === order[0] ? "first" : "second"}`;
              assert.equal(verdict.allowed, each === allowed, place);
            }
            if (!isPathAsked) continue;
            const elsewhere = "http" in allowed ? allowed.http?.replace("/a", "/b") : "GET /b";
            assert.ok(!evaluateSnapshot(snapshot, ask({ ...allowed, http: elsewhere })).allowed, shape);
          }
        }
      }
    });
  }
});
