/** Who stands at either end of a connection, as far as a rule may rely on it (docs/semantics.md, "Identity"). */
import type { PeerIdentity } from "../../../src/identity/peer-identity.ts";
import type { Question } from "./question.ts";
import type { ReferenceState } from "./state.ts";

export type Party =
  | { readonly kind: "none" }
  | { readonly kind: "foreign"; readonly otherTrustDomain: boolean }
  /** `serviceAccount` undefined: it has one, but nobody says which. */
  | { readonly kind: "known"; readonly namespace: string; readonly serviceAccount: string | undefined }
  /** A host: it has neither namespace nor service account. */
  | { readonly kind: "host" }
  /** An endpoint whose id does not say where it belongs. */
  | { readonly kind: "unreadable" };

export function partyOf(question: Question, side: "source" | "destination"): Party {
  if (side === "source") return fromIdentity(question.flow.peer);
  if (question.options.semantics === "calico") return fromIdentity(question.flow.destinationPeer);
  return fromEndpoint(question.state);
}

function fromIdentity(identity: PeerIdentity): Party {
  switch (identity.kind) {
    case "none":
      return { kind: "none" };
    case "foreign":
      return { kind: "foreign", otherTrustDomain: identity.otherTrustDomain };
    case "service-account":
      return { kind: "known", namespace: identity.namespace, serviceAccount: identity.name };
  }
}

/** The endpoint's own place, never its certificate. */
function fromEndpoint(state: ReferenceState): Party {
  const { id, endpoint } = state.endpoint!;
  if (id.orchestratorId === "host") return { kind: "host" };
  const place = /^([^/]+)\/[^/]+$/.exec(id.workloadId);
  if (place === null) return { kind: "unreadable" };
  const namespace = place[1]!;
  const accounts = endpoint.profileIds.filter((name) => name.startsWith("ksa."));
  const own = /^ksa\.([^.]+)\.(.+)$/.exec(accounts[0] ?? "");
  const isOwn = accounts.length === 1 && own !== null && own[1] === namespace;
  return { kind: "known", namespace, serviceAccount: isOwn ? own[2] : undefined };
}
