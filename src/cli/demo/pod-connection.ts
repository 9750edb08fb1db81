/**
 * Connections that come from a pod's address: a PROXY protocol header first, then TLS as any client does.
 *
 * Envoy's proxy_protocol listener filter takes both addresses from the header, so one machine without spare
 * loopback addresses can play a whole cluster, and policy sees the ports that it names.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Credential } from "./certificates.ts";

export type Address = { readonly address: string; readonly port: number };

export type PodConnection = {
  /** Where Envoy's listener really is, on loopback. */
  readonly listenerPort: number;
  /** Whom the connection seems to come from and go to. One IP family. */
  readonly source: Address;
  readonly destination: Address;
  /** Absent: plaintext. */
  readonly tls?: ClientTls;
};

export type ClientTls = {
  /** Whose server certificates are accepted. */
  readonly trusted: string;
  /** Absent: no client certificate is shown. */
  readonly credential?: Credential;
  readonly alpn?: "h2" | "http/1.1";
};

/** Well within what a handshake on one machine takes, however busy it is. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Version 1 of the PROXY protocol: one line of text. */
export function proxyHeader(source: Address, destination: Address): string {
  const family = source.address.includes(":") ? "TCP6" : "TCP4";
  return `PROXY ${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
}

/**
 * Connect, announce whom we play, and shake hands.
 *
 * @throws when the connection or the handshake is refused. TLS 1.3 servers may refuse a client certificate only after
 * the handshake has ended on this side: then the first read fails.
 */
export async function connectAsPod(options: PodConnection): Promise<Socket | TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: options.listenerPort });
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  await once(socket, "connect", { signal });
  socket.write(proxyHeader(options.source, options.destination));
  const { tls } = options;
  if (tls === undefined) return socket;
  const secure = connectTls({
    socket,
    ca: tls.trusted,
    servername: "localhost",
    ...(tls.credential === undefined
      ? {}
      : { cert: tls.credential.certificate, key: tls.credential.privateKey }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [tls.alpn] }),
  });
  try {
    await once(secure, "secureConnect", { signal });
  } catch (reason) {
    socket.destroy();
    throw reason;
  }
  return secure;
}
