/** Where an API server is and what to show it; how that is found out is another file's. */

export type Credentials = {
  /** Goes out as a bearer token. */
  readonly token: string | undefined;
  /** PEM bundle that the server's certificate is checked against; undefined: the public ones. */
  readonly ca: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
};

export type ApiAccess = {
  /** For messages: where the API server is. Never a secret. */
  readonly name: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Empty, or begins with a slash and ends without. */
  readonly basePath: string;
  /** The name that the server's certificate must have, where that isn't the host. */
  readonly serverName: string | undefined;
  /** Only a kubeconfig that says so in words turns it off. */
  readonly isCertificateChecked: boolean;
  /**
   * What holds now: tokens and CAs are replaced while we run. Cheap enough for each request.
   *
   * @param isRefused what was given last was refused: don't answer from memory.
   */
  credentials(isRefused: boolean): Promise<Credentials>;
};

/** Of `https://host:6443/path`; undefined if it is anything else. */
export function parseServer(text: string): Pick<ApiAccess, "host" | "port" | "basePath"> | undefined {
  const match = /^https:\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^\s/:?#@[\]]+))(?::([0-9]{1,5}))?(\/[^\s?#]*)?$/.exec(
    text,
  );
  if (match === null) return undefined;
  const port = Number(match[3] ?? 443);
  if (port < 1 || port > 65_535) return undefined;
  return { host: match[1] ?? match[2] ?? "", port, basePath: (match[4] ?? "").replace(/\/+$/, "") };
}
