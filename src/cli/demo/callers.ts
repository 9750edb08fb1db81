/** Who asks in the demo: pods of `examples/shop`, and some who are none. */
import type { Clock } from "../../base/clock.ts";
import { CertificateAuthority, type Credential } from "./certificates.ts";

export type Caller = {
  /** For the table. */
  readonly name: string;
  readonly address: string;
  /** Which credential is shown where the listener asks for one. */
  readonly shows: CredentialName | "nothing";
};

/** What a caller can show; the first six are service accounts of the example. */
export type CredentialName =
  | "web"
  | "worker"
  | "console"
  | "prometheus"
  | "feed"
  | "labWeb"
  | "otherDomain"
  | "notSpiffe"
  | "stranger"
  | "expired"
  | "authority"
  | "spelledByDns"
  | "otherDomainByUs";

export type CallerName =
  | "web"
  | "webIpv6"
  | "webQuarantined"
  | "webWithoutCertificate"
  | "webOtherDomain"
  | "webNotSpiffe"
  | "webStrangeAuthority"
  | "webExpired"
  | "webAuthority"
  | "webSpelledByDns"
  | "webOtherDomainByUs"
  | "thief"
  | "worker"
  | "console"
  | "prometheus"
  | "feed"
  | "labWeb"
  | "node"
  | "carrier"
  | "carrierBlocked"
  | "hostile"
  | "outsider";

/** The pods' addresses are those of `examples/shop/workloads.yaml`. */
export const CALLERS: Readonly<Record<CallerName, Caller>> = {
  web: { name: "shop/web", address: "10.65.0.11", shows: "web" },
  webIpv6: { name: "shop/web over IPv6", address: "fd00:65::11", shows: "web" },
  webQuarantined: { name: "shop/web in quarantine", address: "10.65.0.12", shows: "web" },
  webWithoutCertificate: { name: "shop/web, no certificate", address: "10.65.0.11", shows: "nothing" },
  webOtherDomain: { name: "web of partner.example", address: "10.65.0.11", shows: "otherDomain" },
  webNotSpiffe: { name: "web.example.com, no SPIFFE ID", address: "10.65.0.11", shows: "notSpiffe" },
  webStrangeAuthority: { name: "web, an unknown CA's word", address: "10.65.0.11", shows: "stranger" },
  webExpired: { name: "web, until yesterday", address: "10.65.0.11", shows: "expired" },
  webAuthority: { name: "web, may sign others", address: "10.65.0.11", shows: "authority" },
  webSpelledByDns: { name: "web's ID as a DNS name", address: "10.65.0.11", shows: "spelledByDns" },
  webOtherDomainByUs: { name: "partner's web, by our CA", address: "10.65.0.11", shows: "otherDomainByUs" },
  thief: { name: "web's key, worker's address", address: "10.65.0.31", shows: "web" },
  worker: { name: "shop/worker", address: "10.65.0.31", shows: "worker" },
  console: { name: "ops/console", address: "10.65.8.11", shows: "console" },
  prometheus: { name: "ops/prometheus", address: "10.65.8.12", shows: "prometheus" },
  feed: { name: "acme/feed", address: "10.65.16.11", shows: "feed" },
  labWeb: { name: "lab/web", address: "10.65.24.11", shows: "labWeb" },
  node: { name: "a node", address: "10.64.0.7", shows: "nothing" },
  carrier: { name: "a carrier", address: "198.51.100.10", shows: "nothing" },
  carrierBlocked: { name: "a carrier, blocklisted", address: "198.51.100.77", shows: "nothing" },
  hostile: { name: "a blocklisted address", address: "203.0.113.70", shows: "web" },
  outsider: { name: "the internet", address: "192.0.2.55", shows: "nothing" },
};

export type Credentials = {
  /** What Envoy shows; also good for `localhost`, so that curl accepts it. */
  readonly server: Credential;
  readonly callers: Readonly<Record<CredentialName, Credential>>;
  /** PEM bundle that Envoy trusts: our own CA and a federated partner's. */
  readonly trustedByEnvoy: string;
  /** The same by trust domain: what Ephor verifies certificates with. */
  readonly bundles: Readonly<Record<string, string>>;
  /** PEM: whose server certificates callers accept. */
  readonly trustedByCallers: string;
};

/** Mint every credential of the demo. */
export async function mintCredentials(clock: Clock): Promise<Credentials> {
  const [ours, federated, unknown] = await Promise.all([
    CertificateAuthority.create(clock, "cluster.local"),
    CertificateAuthority.create(clock, "partner.example"),
    CertificateAuthority.create(clock, "cluster.local"),
  ]);
  const account = (namespace: string, name: string): { uris: string[] } => ({
    uris: [`spiffe://cluster.local/ns/${namespace}/sa/${name}`],
  });
  const minted: Record<CredentialName | "server", Promise<Credential>> = {
    server: ours.issue({ ...account("shop", "api"), dnsNames: ["localhost"] }),
    web: ours.issue(account("shop", "web")),
    worker: ours.issue(account("shop", "worker")),
    console: ours.issue(account("ops", "console")),
    prometheus: ours.issue(account("ops", "prometheus")),
    feed: ours.issue(account("acme", "feed")),
    labWeb: ours.issue(account("lab", "web")),
    otherDomain: federated.issue({ uris: ["spiffe://partner.example/ns/shop/sa/web"] }),
    notSpiffe: ours.issue({ uris: [], dnsNames: ["web.example.com"] }),
    stranger: unknown.issue(account("shop", "web")),
    expired: ours.issue({ ...account("shop", "web"), isExpired: true }),
    authority: ours.issue({ ...account("shop", "web"), isAuthority: true }),
    spelledByDns: ours.issue({ uris: [], dnsNames: account("shop", "web").uris }),
    otherDomainByUs: ours.issue({ uris: ["spiffe://partner.example/ns/shop/sa/web"] }),
  };
  const { server, ...callers } = await allOf(minted);
  return {
    server,
    callers,
    trustedByEnvoy: ours.certificate + federated.certificate,
    bundles: { "cluster.local": ours.certificate, "partner.example": federated.certificate },
    trustedByCallers: ours.certificate,
  };
}

async function allOf<K extends string, V>(promises: Record<K, Promise<V>>): Promise<Record<K, V>> {
  const entries = Object.entries<Promise<V>>(promises);
  const values = await Promise.all(entries.map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(values) as Record<K, V>;
}
