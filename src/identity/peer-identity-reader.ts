import type { Clock } from "../base/clock.ts";
import {
  CHAIN_AUTHORITIES_MAX,
  CHAIN_RETRY_MS,
  FORWARDED_CACHE_MAX,
  FORWARDED_CACHE_MAX_CHARS,
  FORWARDED_ELEMENTS_MAX,
  IDENTITY_CACHE_MAX,
  SPIFFE_ID_MAX_BYTES,
} from "../base/limits.ts";
import { err, type Result } from "../base/result.ts";
import { BoundedMap } from "./bounded-map.ts";
import { CertificateCache, type Finding } from "./certificate-cache.ts";
import { checkSvid, readForwarded } from "./check-svid.ts";
import { clientOf, contradictionOf, type ForwardedClient } from "./forwarded-client.ts";
import { type ForwardedElement, parseForwardedHeader } from "./forwarded-header.ts";
import {
  foreignIdentity,
  type IdentityMap,
  judgePrincipal,
  judgePrincipalLoosely,
  type TrustDomains,
} from "./judge-principal.ts";
import { NO_IDENTITY, type PeerIdentity } from "./peer-identity.ts";
import { parseSpiffeId } from "./spiffe-id.ts";
import type { TrustBundles } from "./trust-bundles.ts";
import { verifyPath } from "./verify-path.ts";

/** docs/identity.md has the table of what each trusts. */
export type IdentityMode = "principal" | "certificate";

export type PeerIdentityOptions = {
  /** Those whose service accounts are ours; `any` takes every one. */
  readonly trustDomains: readonly string[] | "any";
  readonly semantics: "strict" | "calico";
  /**
   * `principal`: Envoy's word counts, its form and trust domain are judged. `certificate`: the forwarded certificate is verified too, and
   * must be there. Absent: `certificate` with `bundles`; without, the rules for a leaf are asked of the certificate where it is forwarded.
   */
  readonly mode?: IdentityMode;
  /** What paths of certificates end in. Absent: paths are left to whoever finished the handshake. */
  readonly bundles?: TrustBundles;
  /** SPIFFE IDs of proxies that are believed about their clients. */
  readonly forwardedBy?: readonly string[];
  /** Whose IDs stand for service accounts, beside those of ours that spell one. */
  readonly mapped?: IdentityMap;
};

/**
 * Turns what Envoy says of a peer's certificate into an identity, as far as it is proven.
 *
 * Judgements are kept, so that the common request costs one lookup: principals in a cache of IDENTITY_CACHE_MAX, certificates in one of
 * CERTIFICATE_CACHE_MAX, until they expire or a trust bundle changes; the oldest make room. The same proof gives the same object while it
 * is kept.
 */
export class PeerIdentityReader {
  /** `calico` never looks at certificates, takes looser principals, and asks who the destination is. */
  readonly semantics: "strict" | "calico";
  /** Whether the forwarded-certificate header is asked for at all: only then has a request to be searched for it. */
  readonly readsForwarded: boolean;
  readonly #clock: Clock;
  readonly #trustDomains: TrustDomains;
  readonly #mode: IdentityMode | "leaf";
  readonly #bundles: TrustBundles | undefined;
  readonly #forwardedBy: ReadonlySet<string>;
  readonly #mapped: IdentityMap;
  readonly #byPrincipal = new BoundedMap<PeerIdentity>({
    entriesMax: IDENTITY_CACHE_MAX,
    charsMax: IDENTITY_CACHE_MAX * SPIFFE_ID_MAX_BYTES,
  });
  readonly #certificates = new CertificateCache();
  /** The same of what proxies forwarded, where intermediates may follow the leaf. */
  readonly #chains = new CertificateCache();
  readonly #headers = new BoundedMap<Result<readonly ForwardedElement[], string>>({
    entriesMax: FORWARDED_CACHE_MAX,
    charsMax: FORWARDED_CACHE_MAX_CHARS,
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
    this.#mode =
      options.semantics === "calico"
        ? "principal"
        : (options.mode ?? (options.bundles === undefined ? "leaf" : "certificate"));
    this.#bundles = this.#mode === "principal" ? undefined : options.bundles;
    this.#forwardedBy = new Set(options.forwardedBy ?? []);
    this.readsForwarded = this.#forwardedBy.size > 0;
    this.#mapped = options.mapped ?? new Map();
  }

  /**
   * @param principal `source.principal`: a URI name, a DNS name or a subject, whichever Envoy found first; or empty.
   * @param certificate the peer's leaf certificate as URL-encoded PEM, or empty where Envoy does not forward it.
   */
  read(principal: string, certificate: string): PeerIdentity {
    if (certificate === "") return this.#readPrincipal(principal);
    const bytes = Buffer.from(principal + certificate, "utf8");
    const middle = Buffer.byteLength(principal);
    return this.readBytes(bytes, 0, middle, middle, bytes.length);
  }

  /** The same of ranges of a request's bytes; ends are exclusive. */
  readBytes(
    request: Buffer,
    principalStart: number,
    principalEnd: number,
    certificateStart: number,
    certificateEnd: number,
  ): PeerIdentity {
    if (certificateStart === certificateEnd || this.#mode === "principal") {
      return this.#readPrincipal(request.toString("utf8", principalStart, principalEnd));
    }
    return this.#readCertificate(
      this.#certificates,
      request,
      principalStart,
      principalEnd,
      certificateStart,
      certificateEnd,
    );
  }

  #readCertificate(
    cache: CertificateCache,
    request: Buffer,
    principalStart: number,
    principalEnd: number,
    certificateStart: number,
    certificateEnd: number,
  ): PeerIdentity {
    const known = cache.get(request, principalStart, principalEnd, certificateStart, certificateEnd);
    if (known !== undefined && known.revision === (this.#bundles?.revision ?? 0)) {
      const now = this.#clock.wallMs();
      if (now >= known.fromMs && now <= known.toMs) return known.identity;
    }
    const principal = request.subarray(principalStart, principalEnd);
    const certificate = request.subarray(certificateStart, certificateEnd);
    const authoritiesMax = cache === this.#chains ? CHAIN_AUTHORITIES_MAX : 0;
    const finding = this.#verify(principal.toString("utf8"), certificate.toString("latin1"), authoritiesMax);
    cache.set(principal, certificate, finding);
    return finding.identity;
  }

  /**
   * Who is behind a proxy that is believed, by its forwarded-certificate header; any other peer stays who it is, whatever header it sends.
   *
   * The header is read from its end: the last element is the nearest proxy's. A client that is itself such a proxy is believed in its
   * turn, about the element before; all further elements are somebody's claim and count for nothing.
   *
   * @param header undefined: the request has none, or more than can be told apart.
   */
  readForwarded(peer: PeerIdentity, header: string | undefined): PeerIdentity {
    let proxy = this.#proxyOf(peer);
    if (proxy === undefined) return peer;
    if (header === undefined || header === "") {
      return this.#refuse(proxy, "a proxy that speaks for its clients tells of none");
    }
    const elements = this.#headers.get(header) ?? this.#parseHeader(header);
    if (!elements.ok)
      return this.#refuse(proxy, `the forwarded-certificate header can't be read: ${elements.error}`);
    for (let i = elements.value.length - 1; i >= 0; i--) {
      const element = elements.value[i];
      if (element === undefined) break;
      // What our own Envoy appended tells of the proxy, which is proven already.
      if (isAbout(proxy, element)) continue;
      const client = clientOf(proxy, element);
      if (!client.ok) return this.#refuse(proxy, client.error);
      const identity = this.#readClient(client.value);
      proxy = this.#proxyOf(identity);
      if (proxy === undefined) return identity;
    }
    return this.#refuse(proxy, "a proxy that speaks for its clients tells of none");
  }

  #proxyOf(peer: PeerIdentity): string | undefined {
    if (!this.readsForwarded || peer.kind === "none") return undefined;
    const id = peer.kind === "service-account" ? peer.id : peer.spiffeId;
    return id !== undefined && this.#forwardedBy.has(id) ? id : undefined;
  }

  /** A client's certificate is verified where the proxy sends it; else the proxy's word counts, which is what listing it says. */
  #readClient({ uri, certificates }: ForwardedClient): PeerIdentity {
    if (certificates === "" || this.#mode === "principal") return this.#judged(uri);
    const bytes = Buffer.from(uri + certificates, "latin1");
    return this.#readCertificate(this.#chains, bytes, 0, uri.length, uri.length, bytes.length);
  }

  #parseHeader(header: string): Result<readonly ForwardedElement[], string> {
    const parsed = parseForwardedHeader(header);
    const contradiction = parsed.ok
      ? parsed.value.map(contradictionOf).find((each) => each !== undefined)
      : undefined;
    const elements = contradiction === undefined ? parsed : err(contradiction);
    if (header.length <= FORWARDED_CACHE_MAX_CHARS / FORWARDED_ELEMENTS_MAX)
      this.#headers.add(header, elements);
    return elements;
  }

  #readPrincipal(principal: string): PeerIdentity {
    if (principal === "") return NO_IDENTITY;
    if (this.#mode === "certificate") {
      return this.#refuse(principal, "no certificate was forwarded, so nothing can be verified");
    }
    return this.#judged(principal);
  }

  #judged(principal: string): PeerIdentity {
    return this.#byPrincipal.get(principal) ?? this.#judge(principal);
  }

  #judge(principal: string): PeerIdentity {
    // No SPIFFE ID is as long; keeping it would let one peer fill the cache.
    if (principal.length > SPIFFE_ID_MAX_BYTES) {
      return foreignIdentity(principal, `longer than ${SPIFFE_ID_MAX_BYTES} bytes`);
    }
    const identity =
      this.semantics === "calico"
        ? judgePrincipalLoosely(principal, this.#trustDomains)
        : judgePrincipal(principal, this.#trustDomains, this.#mapped);
    this.#byPrincipal.add(principal, identity);
    return identity;
  }

  /** Everything that a forwarded certificate has to bear out about a principal. */
  #verify(principal: string, forwarded: string, authoritiesMax: number): Finding {
    const revision = this.#bundles?.revision ?? 0;
    const refuse = (why: string, fromMs: number, toMs: number): Finding => {
      return { identity: this.#refuse(principal, why), fromMs, toMs, revision };
    };
    const always = (why: string): Finding => refuse(why, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    if (principal === "") return always("the certificate has no name that Envoy tells");
    const id = parseSpiffeId(principal);
    if (!id.ok) return always(`not a SPIFFE ID: ${id.error}`);
    const certificates = readForwarded(forwarded);
    if (!certificates.ok) return always(certificates.error);
    const [leaf, ...intermediates] = certificates.value;
    if (leaf === undefined || intermediates.length > authoritiesMax) {
      return always("more certificates were forwarded than is accepted");
    }
    const uri = checkSvid(leaf);
    if (!uri.ok) return always(uri.error);
    if (uri.value !== principal) return always("the certificate's URI name is not the principal");
    const now = this.#clock.wallMs();
    if (now < leaf.validFromMs) {
      return refuse("the certificate is not valid yet", Number.NEGATIVE_INFINITY, leaf.validFromMs - 1);
    }
    if (now > leaf.validToMs) {
      return refuse("the certificate has expired", leaf.validToMs + 1, Number.POSITIVE_INFINITY);
    }
    if (this.#bundles === undefined) {
      return { identity: this.#judged(principal), fromMs: leaf.validFromMs, toMs: leaf.validToMs, revision };
    }
    const { trustDomain } = id.value;
    const anchors = this.#bundles.of(trustDomain);
    if (anchors === undefined) return always(`there is no trust bundle of ${trustDomain}`);
    const path = verifyPath({ leaf, trustDomain, anchors, intermediates, nowMs: now });
    if (!path.ok) return refuse(path.error, now, now + CHAIN_RETRY_MS);
    return { identity: this.#judged(principal), ...path.value, revision };
  }

  #refuse(principal: string, why: string): PeerIdentity {
    const key = `${why}\n${principal}`;
    let identity = this.#unverified.get(key);
    if (identity === undefined) {
      identity = foreignIdentity(principal, why);
      // A long principal is not kept: no SPIFFE ID is as long, and it would let one peer fill the cache.
      if (principal.length <= SPIFFE_ID_MAX_BYTES) this.#unverified.add(key, identity);
    }
    return identity;
  }
}

/** Whether an element is our own Envoy's word of the proxy that is connected to it. */
function isAbout(proxy: string, element: ForwardedElement): boolean {
  return element.uris.length === 1 && element.uris[0] === proxy && !element.by.includes(proxy);
}
