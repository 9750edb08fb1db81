import { err, ok, type Result } from "../base/result.ts";
import { readForwarded } from "./check-svid.ts";
import type { ForwardedElement } from "./forwarded-header.ts";

/** Whom a proxy tells to be its client. */
export type ForwardedClient = {
  /** The one URI name of the client's certificate. */
  readonly uri: string;
  /** URL-encoded PEM of its chain, leaf first, or of the leaf alone; empty where the proxy sends neither. */
  readonly certificates: string;
};

/**
 * What a proxy's element says of its client, if the proxy may have written it.
 *
 * @param proxy the SPIFFE ID that the proxy proved.
 */
export function clientOf(proxy: string, element: ForwardedElement): Result<ForwardedClient, string> {
  const { by, uris, certificate, chain } = element;
  if (by.length > 0 && !by.includes(proxy)) {
    return err(`an element of the forwarded-certificate header is by \`${by[0]}\`, not by the proxy`);
  }
  const [uri] = uris;
  if (uri === undefined) return err("the proxy's client has no URI name");
  if (uris.length > 1)
    return err(`the proxy's client has ${uris.length} URI names, an X.509-SVID has exactly one`);
  return ok({ uri, certificates: chain ?? certificate ?? "" });
}

/** How an element contradicts itself; undefined if it doesn't. Certificate, chain and hash have to be of one and the same client. */
export function contradictionOf({ hash, certificate, chain }: ForwardedElement): string | undefined {
  const leaves: string[] = hash === undefined ? [] : [hash.toLowerCase()];
  for (const forwarded of [certificate, chain]) {
    if (forwarded === undefined) continue;
    const certificates = readForwarded(forwarded);
    if (!certificates.ok) return certificates.error;
    leaves.push(certificates.value[0]?.x509.fingerprint256.replaceAll(":", "").toLowerCase() ?? "");
  }
  return new Set(leaves).size > 1
    ? "an element's hash, certificate and chain are of several clients"
    : undefined;
}
