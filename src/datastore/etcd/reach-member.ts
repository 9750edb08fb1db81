import { connect as connectHttp2 } from "node:http2";
import { connect, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls } from "node:tls";
import { toError } from "../../base/assert.ts";
import type { EtcdEndpoint, EtcdTls } from "./etcd-access.ts";

/**
 * Why a member can't be spoken to, or undefined: a handshake to its end, and the connection is let go.
 *
 * Done before gRPC makes its own connection, which can neither be given up half-way, nor say so plainly what is wrong. A
 * member that stands still takes connections and never answers; one such connection would be left at each attempt.
 */
export function reachMember(
  endpoint: EtcdEndpoint,
  tls: EtcdTls,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = open(endpoint, tls);
    const session = connectHttp2("http://etcd", { createConnection: () => socket });
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      resolve(problem);
      session.destroy();
      socket.destroy();
    };
    const timer = setTimeout(() => end(`no connection within ${timeoutMs} ms`), timeoutMs);
    session.once("remoteSettings", () => end(undefined));
    const onError = (reason: unknown): void => end(toError(reason).message);
    // The socket first: it knows why.
    socket.on("error", onError);
    session.on("error", onError);
    socket.once("close", () => end("it ended the connection at once"));
  });
}

function open({ path, host, port, isTls }: EtcdEndpoint, { ca, certificate, privateKey }: EtcdTls): Socket {
  if (path !== "") return connect(path);
  if (!isTls) return connect(port, host);
  return connectTls({
    host,
    port,
    ALPNProtocols: ["h2"],
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(privateKey === undefined ? {} : { key: privateKey }),
    // A server name can't be an address.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_, presented) => checkServerIdentity(host, presented),
  });
}
