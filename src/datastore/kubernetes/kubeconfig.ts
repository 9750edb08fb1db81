/** How everyone else finds an API server: a kubeconfig file, with all its ways to log in. */
import type { Clock } from "../../base/clock.ts";
import { CREDENTIALS_REREAD_MS } from "../../base/limits.ts";
import { quote } from "../locate.ts";
import { type ApiAccess, type Credentials, parseServer } from "./api-access.ts";

export type KubeconfigOptions = {
  /** A path; undefined: `$KUBECONFIG`, else `~/.kube/config`. */
  readonly path: string | undefined;
  /** Undefined: the file's current one. */
  readonly context: string | undefined;
};

/** What we use of the package `@kubernetes/client-node`; it is optional and slow to load, so not imported by name. */
type ClientNode = { readonly KubeConfig: new () => KubeConfig };
type KubeConfig = {
  loadFromFile(path: string): void;
  loadFromDefault(): void;
  setCurrentContext(context: string): void;
  getCurrentContext(): string;
  getCurrentCluster(): Cluster | null;
  applyToHTTPSOptions(options: HttpsOptions): Promise<void>;
};
type Cluster = {
  readonly server: string;
  readonly skipTLSVerify?: boolean;
  readonly tlsServerName?: string;
};
type HttpsOptions = {
  headers?: Record<string, string>;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
};

/** Rejects with what to do about it where the file can't be used. */
export async function kubeconfigAccess(clock: Clock, options: KubeconfigOptions): Promise<ApiAccess> {
  const { KubeConfig: Reader } = await loadReader();
  const load = (): KubeConfig => {
    const config = new Reader();
    if (options.path === undefined) config.loadFromDefault();
    else config.loadFromFile(options.path);
    if (options.context !== undefined) config.setCurrentContext(options.context);
    return config;
  };
  let config = load();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`kubeconfig: no context ${quote(config.getCurrentContext())}`);
  const server = parseServer(cluster.server);
  if (server === undefined)
    throw new Error(`kubeconfig: ${quote(cluster.server)} is not an https:// address`);
  let known = await readCredentials(config);
  let readAtMs = clock.nowMs();
  return {
    ...server,
    name: cluster.server,
    serverName: cluster.tlsServerName,
    isCertificateChecked: cluster.skipTLSVerify !== true,
    async credentials(isRefused) {
      if (!isRefused && clock.nowMs() - readAtMs < CREDENTIALS_REREAD_MS) return known;
      if (isRefused) config = load(); // somebody may have logged in again
      known = await readCredentials(config);
      readAtMs = clock.nowMs();
      return known;
    },
  };
}

async function loadReader(): Promise<ClientNode> {
  const name: string = "@kubernetes/client-node";
  try {
    // INVARIANT: the package's version is pinned, and a test reads a kubeconfig with it.
    return (await import(name)) as ClientNode;
  } catch (cause) {
    throw new Error(`kubeconfig files are read by the optional package ${name}: npm install ${name}@1`, {
      cause,
    });
  }
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: HttpsOptions = {};
  await config.applyToHTTPSOptions(options);
  const authorization = options.headers?.["Authorization"] ?? "";
  return {
    token: authorization.startsWith("Bearer ") ? authorization.slice("Bearer ".length) : undefined,
    ca: textOf(options.ca),
    certificate: textOf(options.cert),
    privateKey: textOf(options.key),
  };
}

function textOf(pem: string | Buffer | undefined): string | undefined {
  return typeof pem === "string" ? pem : pem?.toString("utf8");
}
