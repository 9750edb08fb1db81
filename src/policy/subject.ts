import type { PeerIdentity } from "../identity/peer-identity.ts";
import { parseSpiffeId, type SpiffeId } from "../identity/spiffe-id.ts";
import { NO_LABELS, type Subject } from "./identity-clauses.ts";
import type { LabelsTable } from "./labels-table.ts";
import type { Endpoint, EndpointId, Labels } from "./messages.ts";
import type { PolicyOptions } from "./options.ts";

/** What clauses about identity are asked of, for the peer that Envoy reports. */
export function peerSubject(peer: PeerIdentity, labels: LabelsTable, options: PolicyOptions): Subject {
  const isCalico = options.semantics === "calico";
  switch (peer.kind) {
    case "none":
      return { kind: "none", trusted: isCalico, requireIdentity: options.requireIdentity };
    case "foreign":
      return {
        kind: "foreign",
        otherTrustDomain: peer.otherTrustDomain,
        spiffeId: readId(peer.spiffeId ?? ""),
      };
    case "service-account": {
      const missing: Labels | undefined = isCalico ? NO_LABELS : undefined;
      return {
        kind: "account",
        namespace: peer.namespace,
        name: peer.name,
        accountLabels: labels.ofServiceAccount(peer.namespace, peer.name) ?? missing,
        namespaceLabels: labels.ofNamespace(peer.namespace) ?? missing,
        spiffeId: readId(peer.id),
      };
    }
  }
}

/** Under `calico` semantics a service account may come of a text that is no SPIFFE ID. */
function readId(text: string): SpiffeId | undefined {
  const id = parseSpiffeId(text);
  return id.ok ? id.value : undefined;
}

/** Who the endpoint itself is; fixed by its id and profiles. */
export type EndpointIdentity =
  | { readonly kind: "account"; readonly namespace: string | undefined; readonly name: string | undefined }
  | { readonly kind: "host" };

const SERVICE_ACCOUNT_PROFILE = /^ksa\.([^.]+)\.(.+)$/;

/**
 * The endpoint's namespace from its workload id `NAMESPACE/NAME`, its service account from its `ksa.` profile.
 *
 * More than one such profile, or one of another namespace, contradicts itself: then the account is not known.
 */
export function readEndpointIdentity(id: EndpointId, endpoint: Endpoint): EndpointIdentity {
  const slash = id.workloadId.indexOf("/");
  if (id.orchestratorId === "host") return { kind: "host" };
  if (slash <= 0) return { kind: "account", namespace: undefined, name: undefined };
  const namespace = id.workloadId.slice(0, slash);
  const accounts = new Set<string>();
  let contradicts = false;
  for (const profileId of endpoint.profileIds) {
    const match = SERVICE_ACCOUNT_PROFILE.exec(profileId);
    if (match === null) continue;
    if (match[1] === namespace) accounts.add(match[2] ?? "");
    else contradicts = true;
  }
  const [name] = accounts;
  return { kind: "account", namespace, name: accounts.size === 1 && !contradicts ? name : undefined };
}

/** What clauses about the destination's identity are asked of. */
export function endpointSubject(identity: EndpointIdentity, labels: LabelsTable): Subject {
  if (identity.kind === "host") return identity;
  const { namespace, name } = identity;
  return {
    kind: "account",
    namespace,
    name,
    accountLabels:
      namespace === undefined || name === undefined ? undefined : labels.ofServiceAccount(namespace, name),
    namespaceLabels: namespace === undefined ? undefined : labels.ofNamespace(namespace),
    spiffeId: undefined,
  };
}
