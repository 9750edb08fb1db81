/**
 * Who the peer of a connection is, as far as it is proven.
 *
 * Values are interned by the reader that makes them: the same proof gives the same object, so that a program can key
 * its lookups by it. Immutable.
 */
export type PeerIdentity =
  /** The peer showed no identity at all: plaintext, or TLS without a client certificate. */
  | { readonly kind: "none" }
  /** A verified `spiffe://OUR-DOMAIN/ns/NAMESPACE/sa/NAME`, or an ID that configuration maps to a service account. */
  | {
      readonly kind: "service-account";
      readonly id: string;
      readonly namespace: string;
      readonly name: string;
    }
  /**
   * Somebody proved to be someone, but not whom we can judge. `otherTrustDomain`: a well-formed SPIFFE ID of a trust
   * domain that is not ours, which certainly is not any service account of ours by name.
   */
  | {
      readonly kind: "foreign";
      /** As presented, truncated; for logs and explanations only. */
      readonly id: string;
      readonly otherTrustDomain: boolean;
      /** Why it can't be judged, for a person. */
      readonly why: string;
      /** The whole SPIFFE ID where one is proven, though of nobody whom a service account rule could mean; else absent. */
      readonly spiffeId?: string;
    };

export const NO_IDENTITY: PeerIdentity = { kind: "none" };
