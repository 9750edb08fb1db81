/** How a pod finds its API server: two variables, and the files that kubelet mounts and keeps fresh. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { CREDENTIALS_REREAD_MS } from "../../base/limits.ts";
import type { ApiAccess, Credentials } from "./api-access.ts";

/** Where kubelet mounts the files, unless a pod says otherwise. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export type ServiceAccountOptions = {
  /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly host: string;
  readonly port: number;
  readonly folder: string;
};

/** Rejects if the files aren't there: a pod without them never gets them. */
export async function serviceAccountAccess(clock: Clock, options: ServiceAccountOptions): Promise<ApiAccess> {
  const { host, port, folder } = options;
  const read = async (): Promise<Credentials> => {
    const [token, ca] = await Promise.all(
      ["token", "ca.crt"].map((file) => readFile(join(folder, file), "utf8")),
    );
    return { token: token?.trim(), ca, certificate: undefined, privateKey: undefined };
  };
  let known = await read();
  let readAtMs = clock.nowMs();
  return {
    name: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    host,
    port,
    basePath: "",
    serverName: undefined,
    isCertificateChecked: true,
    async credentials(isRefused) {
      if (!isRefused && clock.nowMs() - readAtMs < CREDENTIALS_REREAD_MS) return known;
      known = await read();
      readAtMs = clock.nowMs();
      return known;
    },
  };
}
