import { createPrivateKey, X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";

/** What a TLS server shows and whom it asks for, all in PEM. */
export type TlsCredentials = {
  /** The server's certificate, then its intermediates. */
  readonly certificateChain: Buffer;
  readonly privateKey: Buffer;
  /** Of the authorities whose clients may connect; undefined: the library lets every client in. */
  readonly clientAuthorities: Buffer | undefined;
};

/**
 * The credentials of TCP listeners, replaced while they listen: handshakes from then on use the new ones, connections that are there
 * stay as they are.
 */
export class TlsCredentialStore {
  #current: TlsCredentials | undefined;
  #clientAuthorities: Buffer | undefined;
  readonly #listeners = new Set<(options: SecureContextOptions) => void>();

  constructor(first?: TlsCredentials) {
    if (first !== undefined) this.replace(first);
  }

  get current(): TlsCredentials | undefined {
    return this.#current;
  }

  /** Throws, and keeps what was there, if the key is not the certificate's or something can't be read. */
  replace(next: TlsCredentials): void {
    const options = contextOptions(next);
    // Not imported: every sidecar has such a store, and most have no TLS.
    const { createSecureContext } = process.getBuiltinModule("node:tls");
    createSecureContext(options); // throws on what can't be read; that the two belong together it does not ask
    if (!new X509Certificate(next.certificateChain).checkPrivateKey(createPrivateKey(next.privateKey))) {
      throw new Error("the key is not that of the certificate");
    }
    this.#current = next;
    for (const listener of this.#listeners) listener(options);
  }

  /** The same with other authorities for clients, which may be told before there is a certificate. */
  setClientAuthorities(clientAuthorities: Buffer | undefined): void {
    this.#clientAuthorities = clientAuthorities;
    if (this.#current !== undefined) this.replace({ ...this.#current, clientAuthorities });
  }

  /** The same with another certificate and key. */
  setCertificate(certificateChain: Buffer, privateKey: Buffer): void {
    this.replace({ certificateChain, privateKey, clientAuthorities: this.#clientAuthorities });
  }

  /** Told of each replacement; the answer ends that. */
  subscribe(listener: (options: SecureContextOptions) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function contextOptions(credentials: TlsCredentials): SecureContextOptions {
  const { certificateChain, privateKey, clientAuthorities } = credentials;
  return {
    cert: certificateChain,
    key: privateKey,
    minVersion: "TLSv1.2",
    ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
  };
}
