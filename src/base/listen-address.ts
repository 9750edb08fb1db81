import { err, ok, type Result } from "./result.ts";

/** Where a server of ours listens. */
export type ListenAddress =
  /** A Unix socket; an absolute or relative file path. */
  | { readonly kind: "unix"; readonly path: string }
  /** `host` is an address or name without brackets; `port` 0 lets the system choose. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/**
 * `sockaddr_un` holds 108 bytes with a closing zero on Linux, 104 on macOS; a longer path would be cut
 * silently by some layers, so it is refused here.
 */
const UNIX_PATH_MAX_BYTES = 103;

/** Reads `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`; an error says what is allowed. */
export function parseListenAddress(text: string): Result<ListenAddress, string> {
  if (text.startsWith("unix:")) return parseUnixPath(text.slice("unix:".length));
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return err("not `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`");
  const port = Number(match[3]);
  if (port > 65_535) return err(`port ${port} is not between 0 and 65535`);
  return ok({ kind: "tcp", host: match[1] ?? match[2] ?? "", port });
}

/** The inverse of `parseListenAddress`. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether only processes of this machine can reach the address, going by its text. */
export function isLocalAddress(address: ListenAddress): boolean {
  if (address.kind === "unix") return true;
  return address.host === "localhost" || address.host === "::1" || /^127(\.\d{1,3}){3}$/.test(address.host);
}

function parseUnixPath(path: string): Result<ListenAddress, string> {
  if (path === "") return err("`unix:` needs a path, as in `unix:/var/run/ephor/ext_authz.sock`");
  if (path.includes("\0")) return err("a socket path holds no NUL");
  if (new TextEncoder().encode(path).length > UNIX_PATH_MAX_BYTES) {
    return err(`a socket path has at most ${UNIX_PATH_MAX_BYTES} bytes`);
  }
  return ok({ kind: "unix", path });
}
