/** The shop in a real API server, started for the demo: a cluster as far as policy can see one. */
import { access, constants, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainDocuments } from "../../datastore/files/plain-documents.ts";
import type { ApiAccess } from "../../datastore/kubernetes/api-access.ts";
import { ApiClient } from "../../datastore/kubernetes/api-client.ts";
import { ApiError } from "../../datastore/kubernetes/api-error.ts";
import { PACKAGE_FOLDER } from "../package-folder.ts";
import { calicoDefinitions } from "./calico-definitions.ts";
import { awaitCondition, BackgroundProcess } from "./child-process.ts";
import type { Cleanup } from "./cleanup.ts";
import { clusterObject, pathOf } from "./cluster-object.ts";
import {
  ADMIN_TOKEN,
  apiServerFlags,
  etcdFlags,
  serverCertificatePath,
  writeControlPlaneFiles,
} from "./control-plane.ts";
import { freePorts } from "./free-ports.ts";
import { type PolicyStore, type ShopObject, StoreMissingError, StoreRefusal } from "./policy-store.ts";

const START_TIMEOUT_MS = 60_000;
/** It has nothing to lose. */
const STOP_TIMEOUT_MS = 500;
const DAY_SECONDS = 86_400;
const PERMISSIONS = join(PACKAGE_FOLDER, "deploy/kubernetes/node-rbac.yaml");

/** @param binary is etcd or kube-apiserver, as its first argument says; from `$CONTROL_PLANE`. */
export async function openKubernetesStore(
  cleanup: Cleanup,
  folder: string,
  binary: string | undefined,
): Promise<PolicyStore> {
  await writeControlPlaneFiles(folder);
  const [server = 0, etcd = 0, etcdPeer = 0] = await freePorts(3);
  const run = async (role: string, flags: readonly string[]): Promise<BackgroundProcess> => {
    const process = new BackgroundProcess(await requireBinary(binary), [role, ...flags], { name: role });
    cleanup.add(() => process.stop(STOP_TIMEOUT_MS));
    return process;
  };
  await run("etcd", etcdFlags(folder, etcd, etcdPeer));
  const process = await run("kube-apiserver", apiServerFlags(folder, { server, etcd, etcdPeer }));
  const options = { timeoutMs: START_TIMEOUT_MS, process, intervalMs: 50 };
  const certificate = serverCertificatePath(folder);
  await awaitCondition("the API server has a certificate", () => isReadable(certificate), options);
  const cluster = new Cluster(server, await readFile(certificate, "utf8"));
  cleanup.add(() => cluster.close());
  await awaitCondition("the API server is ready", () => cluster.isReady(), options);
  await cluster.define();
  const gate = { ...NAMED_DEFAULT, kind: "ClusterInformation", spec: { datastoreReady: true } };
  await awaitCondition("Calico's kinds are served", () => cluster.accepts(gate), options);
  for (const each of plainDocuments(await readFile(PERMISSIONS, "utf8")))
    await cluster.put(each as ShopObject);
  const agent = join(folder, "agent.kubeconfig");
  await writeFile(agent, cluster.kubeconfig(await cluster.agentToken()), { mode: 0o600 });
  const admin = join(folder, "admin.kubeconfig");
  await writeFile(admin, cluster.kubeconfig(ADMIN_TOKEN), { mode: 0o600 });
  return {
    name: `a Kubernetes API server, https://127.0.0.1:${server}`,
    nodeFlags: ["--datastore", "kubernetes", "--kubeconfig", agent],
    howToEdit: [
      `kubectl --kubeconfig ${admin} -n shop edit networkpolicies.projectcalico.org read-catalogue`,
    ],
    put: (object) => cluster.put(object),
    remove: (object) => cluster.remove(object),
    ruleName: (rule) => rule,
  };
}

const NAMED_DEFAULT = { apiVersion: "projectcalico.org/v3", metadata: { name: "default" } };

async function requireBinary(binary: string | undefined): Promise<string> {
  const build = "in a checkout, `make run DATASTORE=kubernetes` builds it";
  if (binary === undefined || binary === "") {
    throw new StoreMissingError(`$CONTROL_PLANE names no API server; ${build}`);
  }
  if (await isExecutable(binary)) return binary;
  throw new StoreMissingError(
    `$CONTROL_PLANE names \`${binary}\`, which is not an executable file; ${build}`,
  );
}

/** The API server as its administrator uses it. */
class Cluster {
  readonly #client: ApiClient;
  readonly #access: ApiAccess;
  readonly #ca: string;
  readonly #closing = new AbortController();

  constructor(port: number, ca: string) {
    const credentials = { token: ADMIN_TOKEN, ca, certificate: undefined, privateKey: undefined };
    this.#ca = ca;
    this.#access = {
      name: `https://127.0.0.1:${port}`,
      host: "127.0.0.1",
      port,
      basePath: "",
      serverName: undefined,
      isCertificateChecked: true,
      credentials: async () => credentials,
    };
    this.#client = new ApiClient(this.#access);
  }

  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  isReady(): Promise<boolean> {
    const { signal } = this.#closing;
    return this.#client.getStatus({ path: "/readyz", signal }).then(
      (status) => status === 200,
      () => false, // not yet
    );
  }

  async define(): Promise<void> {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (const body of calicoDefinitions("projectcalico.org", "v3")) await this.#send("POST", path, body);
  }

  /** False while the server doesn't know the kind yet. */
  accepts(object: ShopObject): Promise<boolean> {
    return this.put(object).then(
      () => true,
      (reason: unknown) => {
        if (reason instanceof ApiError && reason.status === 404) return false;
        throw reason;
      },
    );
  }

  /** As kubectl does it: a field that the server doesn't know is refused. */
  async put(object: ShopObject): Promise<void> {
    const { value, status } = clusterObject(object);
    const collection = pathOf(object);
    const path = `${collection}/${object.metadata.name}`;
    try {
      await this.#send("POST", `${collection}?fieldValidation=Strict`, value).catch(
        async (reason: unknown) => {
          if (!(reason instanceof ApiError) || reason.status !== 409) throw reason;
          const known = (await this.#send("GET", path)) as { metadata: { resourceVersion: string } };
          const metadata = { ...value.metadata, resourceVersion: known.metadata.resourceVersion };
          await this.#send("PUT", `${path}?fieldValidation=Strict`, { ...value, metadata });
        },
      );
    } catch (reason) {
      if (!(reason instanceof ApiError) || (reason.status !== 400 && reason.status !== 422)) throw reason;
      const why = reason.status === 400 ? "it has a field that the kind doesn't have" : reason.message;
      throw new StoreRefusal(`by the API server: ${why}`, { cause: reason });
    }
    if (status !== undefined) await this.#send("PATCH", `${path}/status`, { status });
  }

  async remove(object: ShopObject): Promise<void> {
    await this.#send("DELETE", `${pathOf(object)}/${object.metadata.name}`);
  }

  /** That of the account that `node-rbac.yaml` gives its permissions to. */
  async agentToken(): Promise<string> {
    const path = "/api/v1/namespaces/kube-system/serviceaccounts/ephor-node/token";
    const answer = await this.#send("POST", path, { spec: { expirationSeconds: DAY_SECONDS } });
    return (answer as { status: { token: string } }).status.token;
  }

  kubeconfig(token: string): string {
    const cluster = {
      server: this.#access.name,
      "certificate-authority-data": Buffer.from(this.#ca).toString("base64"),
    };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "demo",
      contexts: [{ name: "demo", context: { cluster: "demo", user: "demo" } }],
      clusters: [{ name: "demo", cluster }],
      users: [{ name: "demo", user: { token } }],
    });
  }

  async #send(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
  ): Promise<unknown> {
    const { signal } = this.#closing;
    return await this.#client.getJson({ path, method, signal, ...(body === undefined ? {} : { body }) });
  }
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false, // the caller says so
  );
}

function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false, // not yet
  );
}
