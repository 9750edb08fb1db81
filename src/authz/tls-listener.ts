import type { Socket } from "node:net";
import { createServer, type DetailedPeerCertificate, type Server, type TLSSocket } from "node:tls";
import { CHAIN_AUTHORITIES_MAX, TLS_HANDSHAKE_TIMEOUT_MS } from "../base/limits.ts";
import type { Result } from "../base/result.ts";
import { contextOptions, type TlsCredentialStore } from "./tls-credentials.ts";

export type TlsListenerOptions = {
  readonly credentials: TlsCredentialStore;
  /**
   * Judges a client by its certificates in DER, leaf first; none where it shows none. Undefined: the library judges, by the
   * authorities among the credentials.
   */
  readonly admit: ((certificates: readonly Buffer[]) => Result<unknown, string>) | undefined;
  /** Told of each connection before its handshake; false refuses it. */
  readonly onSocket: (socket: Socket) => boolean;
  /** Told of each connection whose handshake is done and whose client is let in. */
  readonly onAdmitted: (socket: TLSSocket) => void;
  /** Told why a client was not let in; it may be told often. */
  readonly onRefused: (why: string) => void;
};

/** A TLS server for HTTP/2, not listening yet. */
export function createTlsListener(options: TlsListenerOptions): Server {
  const { credentials, admit } = options;
  const { current } = credentials;
  if (current === undefined) throw new Error("there is no certificate to show yet");
  const server = createServer({
    ...contextOptions(current),
    ALPNProtocols: ["h2"],
    noDelay: true,
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    requestCert: admit !== undefined || current.clientAuthorities !== undefined,
    // Where we judge clients ourselves, the library must not refuse those whose authority only we know.
    rejectUnauthorized: admit === undefined && current.clientAuthorities !== undefined,
  });
  // Before the server's own listener, so that a refused connection costs no handshake.
  server.prependListener("connection", (socket: Socket) => {
    if (!options.onSocket(socket)) socket.destroy();
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    const client = admit?.(certificatesOf(socket));
    if (client?.ok === false) {
      options.onRefused(client.error);
      socket.destroy();
    } else {
      options.onAdmitted(socket);
    }
  });
  // A handshake that fails is its client's affair.
  server.on("tlsClientError", () => {});
  const unsubscribe = credentials.subscribe((next) => server.setSecureContext(next));
  server.on("close", unsubscribe);
  return server;
}

/** What the client sent, leaf first. */
function certificatesOf(socket: TLSSocket): readonly Buffer[] {
  const certificates: Buffer[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && certificates.length <= CHAIN_AUTHORITIES_MAX) {
    const { raw } = next;
    // The library ends a chain with a certificate that is its own issuer.
    if (certificates.some((certificate) => certificate.equals(raw))) break;
    certificates.push(raw);
    next = next.issuerCertificate;
  }
  return certificates;
}
