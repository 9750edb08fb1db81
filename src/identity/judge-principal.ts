import { DNS_LABEL_MAX_CHARS, DNS_SUBDOMAIN_MAX_CHARS, FOREIGN_ID_MAX_CHARS } from "../base/limits.ts";
import type { PeerIdentity } from "./peer-identity.ts";
import { parseSpiffeId } from "./spiffe-id.ts";

/** Which trust domains count as ours; `any` is for migrations. */
export type TrustDomains = ReadonlySet<string> | "any";

/** Whole SPIFFE IDs to the service accounts that they stand for: configuration, empty unless somebody says so. */
export type IdentityMap = ReadonlyMap<string, { readonly namespace: string; readonly name: string }>;

const NOT_MAPPED: IdentityMap = new Map();

/** `/ns/NAMESPACE/sa/NAME`, each an RFC 1123 name: a label the first, a subdomain the second. */
const SERVICE_ACCOUNT_PATH =
  /^\/ns\/([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\/sa\/([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)$/;

/** Whether a path spells a service account, in names that Kubernetes allows. */
export function isServiceAccountPath(path: string): boolean {
  return SERVICE_ACCOUNT_PATH.test(path);
}

/** The looser pattern of `calico` semantics: any segments, any characters but `/`. */
const LOOSE_PRINCIPAL = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/;

/**
 * What a principal's text proves (docs/semantics.md, "Identity").
 *
 * @param principal not empty; as Envoy took it from the peer's certificate.
 * @param mapped comes first: an ID may stand for a service account whatever its trust domain and path.
 */
export function judgePrincipal(
  principal: string,
  trustDomains: TrustDomains,
  mapped: IdentityMap = NOT_MAPPED,
): PeerIdentity {
  const parsed = parseSpiffeId(principal);
  if (!parsed.ok) return foreignIdentity(principal, `not a SPIFFE ID: ${parsed.error}`);
  const account = mapped.get(principal);
  if (account !== undefined) return { kind: "service-account", id: principal, ...account };
  const { trustDomain, path } = parsed.value;
  if (!isOurs(trustDomain, trustDomains)) return otherDomainIdentity(principal);
  const [, namespace, name] = SERVICE_ACCOUNT_PATH.exec(path) ?? [];
  if (namespace === undefined || name === undefined) {
    return unnamedIdentity(principal, "not of the form `/ns/NAMESPACE/sa/NAME`");
  }
  if (namespace.length > DNS_LABEL_MAX_CHARS || name.length > DNS_SUBDOMAIN_MAX_CHARS) {
    return unnamedIdentity(principal, "a namespace or service account longer than Kubernetes allows");
  }
  return { kind: "service-account", id: principal, namespace, name };
}

/** The same under `calico` semantics, which take any text of the right outline. */
export function judgePrincipalLoosely(principal: string, trustDomains: TrustDomains): PeerIdentity {
  const [, trustDomain, namespace, name] = LOOSE_PRINCIPAL.exec(principal) ?? [];
  if (trustDomain === undefined || namespace === undefined || name === undefined) {
    return foreignIdentity(principal, "not of the form `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME`");
  }
  if (!isOurs(trustDomain, trustDomains)) return otherDomainIdentity(principal);
  return { kind: "service-account", id: principal, namespace, name };
}

/** Somebody whom we can't judge, and why. */
export function foreignIdentity(principal: string, why: string): PeerIdentity {
  return { kind: "foreign", id: truncate(principal), otherTrustDomain: false, why };
}

/** An ID of ours that is nobody's service account. */
function unnamedIdentity(principal: string, why: string): PeerIdentity {
  return { kind: "foreign", id: truncate(principal), otherTrustDomain: false, why, spiffeId: principal };
}

/** Under `calico` semantics too: a text that is no SPIFFE ID proves none. */
function otherDomainIdentity(principal: string): PeerIdentity {
  const why = "a SPIFFE ID of a trust domain that is not ours";
  const spiffeId = parseSpiffeId(principal).ok ? { spiffeId: principal } : {};
  return { kind: "foreign", id: truncate(principal), otherTrustDomain: true, why, ...spiffeId };
}

function isOurs(trustDomain: string, trustDomains: TrustDomains): boolean {
  return trustDomains === "any" || trustDomains.has(trustDomain);
}

function truncate(principal: string): string {
  return principal.length <= FOREIGN_ID_MAX_CHARS
    ? principal
    : `${principal.slice(0, FOREIGN_ID_MAX_CHARS)}…`;
}
