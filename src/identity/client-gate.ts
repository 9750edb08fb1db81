import type { Clock } from "../base/clock.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { checkSvid } from "./check-svid.ts";
import { parseSpiffeId } from "./spiffe-id.ts";
import type { TrustBundle } from "./trust-bundle.ts";
import { verifyPath } from "./verify-path.ts";

export type ClientGateOptions = {
  /** SPIFFE IDs of those who may connect. */
  readonly allowed: readonly string[];
  /** The authorities that may vouch for somebody of a trust domain. */
  readonly bundleOf: (trustDomain: string) => TrustBundle | undefined;
};

/** Who may ask: a list of SPIFFE IDs, each proven by an X.509-SVID whose path ends in a bundle. */
export class ClientGate {
  readonly #clock: Clock;
  readonly #allowed: ReadonlySet<string>;
  readonly #bundleOf: ClientGateOptions["bundleOf"];

  constructor(clock: Clock, options: ClientGateOptions) {
    this.#clock = clock;
    this.#allowed = new Set(options.allowed);
    this.#bundleOf = options.bundleOf;
  }

  /**
   * @param certificates in DER, leaf first, as the client sent them in a handshake that proved it to hold the leaf's key.
   * @returns the client's SPIFFE ID, or why it is not let in.
   */
  admit(certificates: readonly Buffer[]): Result<string, string> {
    const parsed: Certificate[] = [];
    for (const bytes of certificates) {
      const certificate = readCertificate(bytes);
      if (!certificate.ok) return err(`a client's certificate ${certificate.error}`);
      parsed.push(certificate.value);
    }
    const [leaf, ...intermediates] = parsed;
    if (leaf === undefined) return err("a client without a certificate");
    const uri = checkSvid(leaf);
    if (!uri.ok) return uri;
    const id = parseSpiffeId(uri.value);
    if (!id.ok) return err(`a client whose URI name is not a SPIFFE ID: ${id.error}`);
    if (!this.#allowed.has(id.value.text)) return err(`\`${id.value.text}\` is not on the list of clients`);
    const { trustDomain } = id.value;
    const anchors = this.#bundleOf(trustDomain);
    if (anchors === undefined) return err(`there is no trust bundle of ${trustDomain}`);
    const nowMs = this.#clock.wallMs();
    const path = verifyPath({ leaf, trustDomain, anchors, intermediates, nowMs });
    return path.ok ? ok(id.value.text) : err(`\`${id.value.text}\`: ${path.error}`);
  }
}
