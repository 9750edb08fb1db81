/** What the demo asks, and what the answer has to be. The policies are those of `examples/shop`. */
import type { DenyReason } from "../../policy/verdict.ts";
import type { HttpAsk } from "./ask.ts";
import type { CallerName } from "./callers.ts";

/** The listeners of the demo's Envoy, and the port of the pod that each stands for. */
export const LISTENER_PORTS: Readonly<Record<ListenerName, number>> = {
  https: 8443,
  http: 8080,
  metrics: 9090,
  events: 7443,
  gullible: 8443,
};

/** `gullible` is `https` with an Envoy that takes any certificate. */
export type ListenerName = "https" | "http" | "metrics" | "events" | "gullible";

export type Question = {
  readonly caller: CallerName;
  /** `https` and `events` ask for a client certificate. */
  readonly to: ListenerName;
  /** Absent: a connection without HTTP. */
  readonly http?: HttpAsk;
};

/** How the answer looks from outside, and who decided it. */
export type Expectation =
  | { readonly answer: 200 | "connected"; readonly rule: string }
  | { readonly answer: 401 | 403 | "refused"; readonly rule: string; readonly reason: DenyReason }
  /** Envoy refused by itself: Ephor was not asked. */
  | { readonly answer: 400 | "refused"; readonly byEnvoy: string };

export type Scene = Question & { readonly expect: Expectation; readonly note?: string };

export type Topic = { readonly title: string; readonly scenes: readonly Scene[] };

const get = (path: string, version?: "h2"): HttpAsk => ({ method: "GET", path, ...(version && { version }) });
const post = (path: string): HttpAsk => ({ method: "POST", path });
const allow = (rule: string): Expectation => ({ answer: 200, rule });
const deny = (rule: string, reason: DenyReason): Expectation => ({ answer: 403, rule, reason });

const READ_CATALOGUE = "NetworkPolicy shop/read-catalogue rule 0";
const BLOCKLIST = "GlobalNetworkPolicy blocklist";
/** No rule of the tier fits, and the tier denies at its end. */
const NOBODY_ALLOWED = deny("tier default", "tier_default");
const SECURITY_ENDS = deny("tier security", "tier_default");

/** Callers with web's address and no good proof, and what is wrong with it. */
const UNVERIFIED: readonly (readonly [CallerName, string])[] = [
  ["webExpired", "expired"],
  ["webOtherDomainByUs", "wrong domain: not that domain's authority"],
  ["webStrangeAuthority", "the right name from another CA"],
  ["webAuthority", "a CA's certificate as a leaf"],
  ["webSpelledByDns", "a DNS name that spells the ID"],
];

export const TOPICS: readonly Topic[] = [
  {
    title: "Method and path: what may the shop front do?",
    scenes: [
      { caller: "web", to: "https", http: get("/v1/items"), expect: allow(READ_CATALOGUE) },
      {
        caller: "web",
        to: "https",
        http: { method: "HEAD", path: "/v1/items/7?size=xl", version: "h2" },
        expect: allow(READ_CATALOGUE),
        note: "over HTTP/2",
      },
      { caller: "webIpv6", to: "https", http: get("/v1/items", "h2"), expect: allow(READ_CATALOGUE) },
      {
        caller: "web",
        to: "https",
        http: { method: "DELETE", path: "/v1/items/7" },
        expect: NOBODY_ALLOWED,
        note: "right path, wrong method",
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1/items-old"),
        expect: NOBODY_ALLOWED,
        note: "a prefix means whole segments",
      },
      {
        caller: "web",
        to: "https",
        http: post("/v1/orders"),
        expect: allow("NetworkPolicy shop/place-orders rule 0"),
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1/orders/1001"),
        expect: allow("NetworkPolicy shop/place-orders rule 1"),
      },
    ],
  },
  {
    title: "Identity: who are you, and where do you come from?",
    scenes: [
      { caller: "worker", to: "https", http: get("/v1/items"), expect: NOBODY_ALLOWED },
      {
        caller: "labWeb",
        to: "https",
        http: get("/v1/items"),
        expect: NOBODY_ALLOWED,
        note: "the same name in another namespace",
      },
      {
        caller: "thief",
        to: "https",
        http: get("/v1/items"),
        expect: NOBODY_ALLOWED,
        note: "a stolen key is not enough",
      },
      {
        caller: "console",
        to: "https",
        http: { method: "PATCH", path: "/admin/prices" },
        expect: allow("NetworkPolicy shop/back-office rule 0"),
        note: "chosen by its service account's label",
      },
      { caller: "prometheus", to: "https", http: get("/admin/prices"), expect: NOBODY_ALLOWED },
    ],
  },
  {
    title: "Namespaces: everything of a partner's",
    scenes: [
      {
        caller: "feed",
        to: "https",
        http: get("/v1/feed"),
        expect: allow("NetworkPolicy shop/partner-feed rule 0"),
      },
      { caller: "feed", to: "https", http: get("/v1/items"), expect: NOBODY_ALLOWED },
      { caller: "web", to: "https", http: get("/v1/feed"), expect: NOBODY_ALLOWED },
    ],
  },
  {
    title: "Networks: callers without a certificate, on a plaintext port",
    scenes: [
      {
        caller: "carrier",
        to: "http",
        http: post("/hooks/parcels/9"),
        expect: allow("NetworkPolicy shop/parcel-reports rule 0"),
        note: "in a network set",
      },
      {
        caller: "node",
        to: "http",
        http: get("/healthz"),
        expect: allow("GlobalNetworkPolicy node-probes rule 0"),
        note: "in a CIDR of the rule",
      },
      { caller: "node", to: "http", http: get("/v1/items"), expect: SECURITY_ENDS },
      { caller: "outsider", to: "http", http: post("/hooks/parcels/9"), expect: SECURITY_ENDS },
    ],
  },
  {
    title: "Labels: pods chosen by a selector",
    scenes: [
      {
        caller: "worker",
        to: "http",
        http: post("/jobs/reindex"),
        expect: allow("NetworkPolicy shop/jobs rule 0"),
      },
      {
        caller: "prometheus",
        to: "metrics",
        http: get("/metrics"),
        expect: allow("KubernetesNetworkPolicy shop/metrics rule 0"),
        note: "a Kubernetes policy, a named port",
      },
      { caller: "feed", to: "metrics", http: get("/metrics"), expect: NOBODY_ALLOWED },
    ],
  },
  {
    title: "Tiers: `security` comes first, denies for good, or passes to the next",
    scenes: [
      {
        caller: "webQuarantined",
        to: "https",
        http: get("/v1/items"),
        expect: deny(`${BLOCKLIST} rule 1`, "rule"),
      },
      {
        caller: "carrierBlocked",
        to: "http",
        http: post("/hooks/parcels/9"),
        expect: deny(`${BLOCKLIST} rule 0`, "rule"),
        note: "although the next tier would allow it",
      },
      {
        caller: "hostile",
        to: "https",
        http: get("/v1/items"),
        expect: deny(`${BLOCKLIST} rule 0`, "rule"),
      },
    ],
  },
  {
    title: "Staged: `no-worker-calls` would deny, and is not in force",
    scenes: [
      {
        caller: "worker",
        to: "https",
        http: post("/jobs/reindex"),
        expect: allow("NetworkPolicy shop/jobs rule 0"),
      },
    ],
  },
  {
    title: "Paths that could mean two things",
    scenes: [
      {
        caller: "web",
        to: "https",
        http: get("/v1//items/./7"),
        expect: allow(READ_CATALOGUE),
        note: "Envoy tidies it up first",
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1/items/../../admin"),
        expect: NOBODY_ALLOWED,
        note: "it is /admin",
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1/items;v=2/7"),
        expect: deny(READ_CATALOGUE, "path_ambiguous"),
        note: "/v1/items/7 to a servlet only",
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1/items/%252e%252e/admin"),
        expect: deny(READ_CATALOGUE, "path_ambiguous"),
        note: "escaped twice",
      },
      {
        caller: "web",
        to: "https",
        http: post("/v1/orders/"),
        expect: deny("NetworkPolicy shop/place-orders rule 0", "path_ambiguous"),
        note: "with or without the last slash?",
      },
      {
        caller: "web",
        to: "https",
        http: get("/v1%2Fitems"),
        expect: { answer: 400, byEnvoy: "path_normalization_failed" },
      },
    ],
  },
  {
    title: "Certificates",
    scenes: [
      {
        caller: "webWithoutCertificate",
        to: "https",
        http: get("/v1/items"),
        expect: { answer: "refused", byEnvoy: "no client certificate" },
      },
      {
        caller: "webStrangeAuthority",
        to: "https",
        http: get("/v1/items"),
        expect: { answer: "refused", byEnvoy: "a foreign certificate" },
      },
      {
        caller: "webOtherDomain",
        to: "https",
        http: get("/v1/items"),
        expect: NOBODY_ALLOWED,
        note: "trusted by Envoy, nobody's account here",
      },
      {
        caller: "webNotSpiffe",
        to: "https",
        http: get("/v1/items"),
        expect: { answer: 401, rule: READ_CATALOGUE, reason: "identity_unverified" },
      },
      {
        caller: "webWithoutCertificate",
        to: "http",
        http: get("/v1/items"),
        expect: { answer: 401, rule: READ_CATALOGUE, reason: "identity_unverified" },
        note: "plaintext, from web's address",
      },
    ],
  },
  {
    title: "An Envoy that takes any certificate: Ephor verifies it by its trust bundles",
    scenes: [
      { caller: "web", to: "gullible", http: get("/v1/items"), expect: allow(READ_CATALOGUE) },
      ...UNVERIFIED.map(
        ([caller, note]): Scene => ({
          caller,
          to: "gullible",
          http: get("/v1/items"),
          expect: { answer: 401, rule: READ_CATALOGUE, reason: "identity_unverified" },
          note,
        }),
      ),
    ],
  },
  {
    title: "Connections without HTTP",
    scenes: [
      {
        caller: "worker",
        to: "events",
        expect: { answer: "connected", rule: "NetworkPolicy shop/jobs rule 1" },
      },
      {
        caller: "web",
        to: "events",
        expect: { answer: "refused", rule: READ_CATALOGUE, reason: "no_http" },
        note: "it may ask for items, not open pipes",
      },
      {
        caller: "hostile",
        to: "events",
        expect: { answer: "refused", rule: `${BLOCKLIST} rule 0`, reason: "rule" },
      },
    ],
  },
];
