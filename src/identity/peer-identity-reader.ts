import type { Clock } from "../base/clock.ts";
import {
  CERTIFICATE_CACHE_MAX,
  CERTIFICATE_CACHE_MAX_CHARS,
  FORWARDED_CERTIFICATE_MAX_CHARS,
  IDENTITY_CACHE_MAX,
  SPIFFE_ID_MAX_BYTES,
} from "../base/limits.ts";
import type { Result } from "../base/result.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type CheckedSvid, checkForwardedSvid } from "./check-svid.ts";
import {
  foreignIdentity,
  judgePrincipal,
  judgePrincipalLoosely,
  type TrustDomains,
} from "./judge-principal.ts";
import { NO_IDENTITY, type PeerIdentity } from "./peer-identity.ts";

export type PeerIdentityOptions = {
  /** Those whose service accounts are ours; `any` takes every one. */
  readonly trustDomains: readonly string[] | "any";
  readonly semantics: "strict" | "calico";
};

/**
 * Turns what Envoy says of a peer's certificate into an identity, as far as it is proven.
 *
 * Judgements are kept, so that the common request costs one lookup, in caches of IDENTITY_CACHE_MAX principals and
 * CERTIFICATE_CACHE_MAX certificates; the oldest make room. The same proof gives the same object while it is kept.
 */
export class PeerIdentityReader {
  /** `calico` never looks at certificates, takes looser principals, and asks who the destination is. */
  readonly semantics: "strict" | "calico";
  readonly #clock: Clock;
  readonly #trustDomains: TrustDomains;
  readonly #byPrincipal = new BoundedMap<PeerIdentity>({
    entriesMax: IDENTITY_CACHE_MAX,
    charsMax: IDENTITY_CACHE_MAX * SPIFFE_ID_MAX_BYTES,
  });
  /** Failures are kept too: checking again would cost as much and find the same. */
  readonly #svids = new BoundedMap<Result<CheckedSvid, string>>({
    entriesMax: CERTIFICATE_CACHE_MAX,
    charsMax: CERTIFICATE_CACHE_MAX_CHARS,
  });
  /** Foreign identities by reason and principal. */
  readonly #unverified = new BoundedMap<PeerIdentity>({
    entriesMax: IDENTITY_CACHE_MAX,
    charsMax: IDENTITY_CACHE_MAX * SPIFFE_ID_MAX_BYTES,
  });

  constructor(clock: Clock, options: PeerIdentityOptions) {
    this.#clock = clock;
    this.#trustDomains = options.trustDomains === "any" ? "any" : new Set(options.trustDomains);
    this.semantics = options.semantics;
  }

  /**
   * @param principal `source.principal`: a URI name, a DNS name or a subject, whichever Envoy found first; or empty.
   * @param certificate the peer's leaf certificate as URL-encoded PEM, or empty where Envoy does not forward it. Forwarded, it
   *   must bear out the principal.
   */
  read(principal: string, certificate: string): PeerIdentity {
    if (principal === "") {
      if (certificate === "" || this.semantics === "calico") return NO_IDENTITY;
      return this.#refuse("", "the certificate has no name that Envoy tells");
    }
    const identity = this.#byPrincipal.get(principal) ?? this.#judge(principal);
    if (certificate === "" || this.semantics === "calico" || identity.kind !== "service-account")
      return identity;
    return this.#verify(principal, certificate, identity);
  }

  #judge(principal: string): PeerIdentity {
    // No SPIFFE ID is as long; keeping it would let one peer fill the cache.
    if (principal.length > SPIFFE_ID_MAX_BYTES) {
      return foreignIdentity(principal, `longer than ${SPIFFE_ID_MAX_BYTES} bytes`);
    }
    const identity =
      this.semantics === "calico"
        ? judgePrincipalLoosely(principal, this.#trustDomains)
        : judgePrincipal(principal, this.#trustDomains);
    this.#byPrincipal.add(principal, identity);
    return identity;
  }

  #verify(principal: string, certificate: string, identity: PeerIdentity): PeerIdentity {
    const svid = this.#svids.get(certificate) ?? this.#check(certificate);
    if (!svid.ok) return this.#refuse(principal, svid.error);
    if (svid.value.uri !== principal) {
      return this.#refuse(principal, "the certificate's URI name is not the principal");
    }
    const now = this.#clock.wallMs();
    if (now < svid.value.validFromMs) return this.#refuse(principal, "the certificate is not valid yet");
    if (now > svid.value.validToMs) return this.#refuse(principal, "the certificate has expired");
    return identity;
  }

  #check(certificate: string): Result<CheckedSvid, string> {
    const svid = checkForwardedSvid(certificate);
    if (certificate.length <= FORWARDED_CERTIFICATE_MAX_CHARS) this.#svids.add(certificate, svid);
    return svid;
  }

  #refuse(principal: string, why: string): PeerIdentity {
    const key = `${why}\n${principal}`;
    let identity = this.#unverified.get(key);
    if (identity === undefined) {
      identity = foreignIdentity(principal, why);
      this.#unverified.add(key, identity);
    }
    return identity;
  }
}
