/**
 * What it takes to run one binary as etcd and as kube-apiserver (`make control-plane` builds it): flags, and the files that
 * they name.
 */
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What the administrator shows. The server listens on the loopback address only, and lives as long as a demo or a test. */
export const ADMIN_TOKEN = "admin-of-the-demo";

export type ControlPlanePorts = { readonly server: number; readonly etcd: number; readonly etcdPeer: number };

/** The key for service accounts' tokens, and who the administrator is. */
export async function writeControlPlaneFiles(folder: string): Promise<void> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" });
  await writeFile(join(folder, "accounts.pem"), pem, { mode: 0o600 });
  await writeFile(join(folder, "tokens.csv"), `${ADMIN_TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });
}

/** One member, for data that nobody will miss. */
export function etcdFlags(folder: string, clientPort: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

/** With RBAC, and without what needs controllers. */
export function apiServerFlags(folder: string, ports: ControlPlanePorts): readonly string[] {
  const accounts = join(folder, "accounts.pem");
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.server}`,
    `--cert-dir=${join(folder, "certs")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${accounts}`,
    `--service-account-signing-key-file=${accounts}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--authorization-mode=RBAC",
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--disable-admission-plugins=ServiceAccount",
  ];
}

/** Where the server puts the certificate that it makes for itself, which is its own authority. */
export function serverCertificatePath(folder: string): string {
  return join(folder, "certs", "apiserver.crt");
}
