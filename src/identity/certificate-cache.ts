import { CERTIFICATE_CACHE_MAX, CERTIFICATE_CACHE_MAX_CHARS, SPIFFE_ID_MAX_BYTES } from "../base/limits.ts";
import type { PeerIdentity } from "./peer-identity.ts";

/** What was found out about a certificate and a principal, and when that holds. */
export type Finding = {
  readonly identity: PeerIdentity;
  /** Milliseconds since the Unix epoch, both ends included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the trust bundles that it was found under. */
  readonly revision: number;
};

type Entry = Finding & { readonly certificate: Buffer; readonly principal: Buffer };

/** Bytes that a sample takes of a text. */
const SAMPLES = 16;

/**
 * Findings by the bytes of certificate and principal, so that the cost of a verification is paid once a connection and not once a request.
 *
 * The key is a hash over a few bytes of the certificate, which are mostly those of its key and signature; whether it is the same
 * certificate is then decided by all bytes of both texts, in one comparison each. So a hit makes no string and hashes nothing long, and a crafted
 * collision only costs the one who crafted it a verification. Bounded by entries and bytes; the oldest make room.
 */
export class CertificateCache {
  readonly #entries = new Map<number, Entry>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** The finding about these two ranges of a request's bytes; whether it still holds is for the caller. */
  get(
    request: Buffer,
    principalStart: number,
    principalEnd: number,
    certificateStart: number,
    certificateEnd: number,
  ): Finding | undefined {
    const entry = this.#entries.get(sample(request, certificateStart, certificateEnd));
    if (entry === undefined) return undefined;
    const { certificate, principal } = entry;
    if (certificate.length !== certificateEnd - certificateStart) return undefined;
    if (principal.length !== principalEnd - principalStart) return undefined;
    if (request.compare(certificate, 0, certificate.length, certificateStart, certificateEnd) !== 0)
      return undefined;
    return request.compare(principal, 0, principal.length, principalStart, principalEnd) === 0
      ? entry
      : undefined;
  }

  /** Copies the two texts. Too long ones are not kept. */
  set(principal: Buffer, certificate: Buffer, finding: Finding): void {
    if (principal.length > SPIFFE_ID_MAX_BYTES || certificate.length > CERTIFICATE_CACHE_MAX_CHARS / 16)
      return;
    const key = sample(certificate, 0, certificate.length);
    this.#delete(key);
    this.#entries.set(key, {
      ...finding,
      certificate: Buffer.from(certificate),
      principal: Buffer.from(principal),
    });
    this.#bytes += certificate.length + principal.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= CERTIFICATE_CACHE_MAX && this.#bytes <= CERTIFICATE_CACHE_MAX_CHARS) break;
      this.#delete(oldest);
    }
  }

  #delete(key: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.certificate.length + entry.principal.length;
  }
}

/** A hash in 30 bits, which engines keep unboxed. */
function sample(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  const step = (hash / SAMPLES) | 0;
  if (step === 0) return hash;
  for (let at = start + (step >> 1); at < end; at += step)
    hash = Math.imul(hash ^ bytes[at]!, 0x9e3779b1) | 0;
  return hash >>> 2;
}
