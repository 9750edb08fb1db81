/** Where an etcd is and what to show it. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { err, ok, type Result } from "../../base/result.ts";

/** One member, or whatever stands before several. */
export type EtcdEndpoint = {
  /** As it was written, for messages. */
  readonly text: string;
  /** What gRPC calls it. */
  readonly target: string;
  readonly isTls: boolean;
  /** Name or address, which its certificate has to be for; empty on a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Of a Unix socket, else empty. */
  readonly path: string;
};

export type EtcdLogin = { readonly user: string; readonly password: string };

export type EtcdTls = {
  /** Undefined: those that Node trusts. */
  readonly ca: Buffer | undefined;
  readonly certificate: Buffer | undefined;
  readonly privateKey: Buffer | undefined;
};

export type EtcdAccess = {
  /** At least one. */
  readonly endpoints: readonly EtcdEndpoint[];
  /** Asked for each new connection, so that what was replaced since counts. Rejects with what is wrong. */
  tls(): Promise<EtcdTls>;
  /** The same; undefined: no log-in. */
  login(): Promise<EtcdLogin | undefined>;
};

/** For messages: every member, since any of them may be asked. */
export function etcdName({ endpoints }: EtcdAccess): string {
  return endpoints.map(({ text }) => text).join(",");
}

export type EtcdFiles = {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
};

/** Access by files, which are read again for each connection. */
export function etcdAccess(endpoints: readonly EtcdEndpoint[], files: EtcdFiles): EtcdAccess {
  const { ca, certificate, key, user, passwordFile } = files;
  return {
    endpoints,
    tls: async () => ({
      ca: await readOptional(ca),
      certificate: await readOptional(certificate),
      privateKey: await readOptional(key),
    }),
    login: async () => {
      if (user === undefined || passwordFile === undefined) return undefined;
      // The newline that every editor puts at the end of a file is no part of the password.
      return { user, password: (await readFile(passwordFile, "utf8")).replace(/\r?\n$/, "") };
    },
  };
}

const ADDRESS = /^(https?):\/\/([A-Za-z0-9._-]+|\[[^\]/]*\]):([0-9]{1,5})\/?$/;

/** `https://HOST:PORT`, `http://HOST:PORT` or `unix:PATH`. */
export function parseEtcdEndpoint(text: string): Result<EtcdEndpoint, string> {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "" || path.includes("\0")) return err("unix: needs the path of a socket");
    return ok({ text, target: `unix:${path}`, isTls: false, host: "", port: 0, path });
  }
  const [, protocol, name = "", digits = ""] = ADDRESS.exec(text) ?? [];
  if (protocol === undefined) return err("not https://HOST:PORT, http://HOST:PORT or unix:PATH");
  const port = Number(digits);
  if (port < 1 || port > 65_535) return err("an address needs a port between 1 and 65535, such as 2379");
  const host = name.replace(/^\[(.*)\]$/, "$1");
  if (host !== name && isIP(host) !== 6) return err("only an IPv6 address goes in brackets");
  const target = host === name ? `dns:${host}:${port}` : `ipv6:[${host}]:${port}`;
  return ok({ text, target, isTls: protocol === "https", host, port, path: "" });
}

function readOptional(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? Promise.resolve(undefined) : readFile(path);
}
