import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awaitCondition, BackgroundProcess } from "../../src/cli/demo/child-process.ts";
import { get } from "../../src/cli/demo/envoy-process.ts";
import { ephorCommand } from "../../src/cli/demo/ephor-process.ts";
import { EXAMPLE_FOLDER } from "../../src/cli/demo/stage.ts";
import { AuthzClient } from "../support/authz-client.ts";
import { type SyncedSidecar, startSidecar } from "../support/synced-sidecar.ts";

const STOP_TIMEOUT_MS = 5_000;

/** The shop's front reads an item: allowed by the catalogue's policy, by identity and address. */
const READ_ITEM = call("GET", "/v1/items");
const DELETE_ITEM = call("DELETE", "/v1/items");

function call(method: string, path: string): object {
  return {
    source: {
      address: { socket_address: { address: "10.65.0.11", port_value: 40_000 } },
      principal: "spiffe://cluster.local/ns/shop/sa/web",
    },
    destination: { address: { socket_address: { address: "10.65.0.21", port_value: 8443 } } },
    request: { http: { method, path, protocol: "HTTP/1.1" } },
  };
}

describe("ephor node and its sidecars, as processes", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-agent-"));
  const policies = join(directory, "policies");
  const admin = join(directory, "admin.sock");
  const socket = join(directory, "mount", "api", "socket");
  let agent: BackgroundProcess;
  let sidecar: SyncedSidecar;
  let client: AuthzClient;

  before(async () => {
    cpSync(EXAMPLE_FOLDER, policies, { recursive: true });
    mkdirSync(join(directory, "creds"));
    mkdirSync(join(directory, "mount", "api"), { recursive: true });
    credentials("uid-1");
    agent = await startAgent();
    sidecar = await startSidecar(directory, [], socket);
    client = new AuthzClient(`unix:${sidecar.authz}`);
  });
  after(async () => {
    client?.close();
    await sidecar?.stop();
    await agent?.stop(STOP_TIMEOUT_MS);
    rmSync(directory, { recursive: true, force: true });
  });

  async function startAgent(): Promise<BackgroundProcess> {
    const { command, args } = ephorCommand();
    const flags = [
      "--policies",
      policies,
      "--node-name",
      "node-1",
      "--prefix",
      directory,
      "--admin",
      `unix:${admin}`,
    ];
    const process = new BackgroundProcess(command, [...args, "node", ...flags], { name: "ephor node" });
    const ready = async (): Promise<boolean> => (await get(admin, "/readyz")) !== undefined;
    await awaitCondition("the node agent is ready", ready, { timeoutMs: 20_000, process });
    return process;
  }

  function credentials(uid: string): void {
    const fields = { UID: uid, Workload: "api", Namespace: "shop", ServiceAccount: "api" };
    writeFileSync(join(directory, "api.json"), JSON.stringify(fields));
    renameSync(join(directory, "api.json"), join(directory, "creds", "api.json"));
  }

  async function isAllowed(attributes: object): Promise<boolean> {
    return ((await client.ask(attributes)).status?.code ?? 0) === 0;
  }

  function edit(file: string, from: string, to: string): void {
    const text = readFileSync(join(policies, file), "utf8");
    assert.ok(text.includes(from));
    writeFileSync(join(policies, `${file}.new`), text.replace(from, to));
    renameSync(join(policies, `${file}.new`), join(policies, file));
  }

  it("judges by what the agent tells, and follows an edit", async () => {
    assert.deepEqual([await isAllowed(READ_ITEM), await isAllowed(DELETE_ITEM)], [true, false]);
    edit("catalogue.yaml", "methods: [GET, HEAD]", "methods: [GET, HEAD, DELETE]");
    await awaitCondition("DELETE is allowed", () => isAllowed(DELETE_ITEM), {
      timeoutMs: 10_000,
      process: agent,
    });
    edit("catalogue.yaml", "methods: [GET, HEAD, DELETE]", "methods: [GET, HEAD]");
    await awaitCondition("DELETE is denied", async () => !(await isAllowed(DELETE_ITEM)), {
      timeoutMs: 10_000,
      process: agent,
    });
  });

  it("goes on by the last state when the agent is killed, without a wrong verdict until all are in sync again", async () => {
    const wrong: string[] = [];
    let answered = 0;
    let stop = false;
    const traffic = (async () => {
      while (!stop) {
        if (!(await isAllowed(READ_ITEM))) wrong.push("GET denied");
        if (await isAllowed(DELETE_ITEM)) wrong.push("DELETE allowed");
        answered += 2;
      }
    })();
    await agent.stop(0);
    await sidecar.becomes("without an agent", (status) => status.policySync?.state === "connecting");
    const answeredAlone = answered;
    await awaitCondition("checks are answered without an agent", async () => answered > answeredAlone + 20, {
      timeoutMs: 10_000,
    });
    agent = await startAgent();
    await sidecar.becomes("in sync again", (status) => status.policySync?.state === "in-sync");
    stop = true;
    await traffic;
    assert.deepEqual(wrong, []);
    assert.equal((await sidecar.status()).notReady.length, 0);
  });

  it("H4: ends the stream when the volume goes to another pod, which then gets its own", async () => {
    const streams = (await sidecar.status()).policySync?.streams ?? 0;
    credentials("uid-2");
    await sidecar.becomes(
      "on a new stream",
      (status) => (status.policySync?.streams ?? 0) > streams && status.policySync?.state === "in-sync",
    );
    const status = JSON.parse((await get(admin, "/status")) ?? "{}");
    assert.equal(status.pods[0].uid, "uid-2");
  });

  it("denies with no_endpoint when the pod is gone, and allows again when it is back", async () => {
    const workloads = readFileSync(join(policies, "workloads.yaml"), "utf8");
    edit(
      "workloads.yaml",
      "metadata: { name: api, namespace: shop",
      "metadata: { name: api-old, namespace: shop",
    );
    await sidecar.becomes("without an endpoint", (status) => status.policySync?.state === "no-endpoint");
    assert.equal(await isAllowed(READ_ITEM), false);
    writeFileSync(join(policies, "workloads.yaml"), workloads);
    await sidecar.becomes("with an endpoint", (status) => status.policySync?.state === "in-sync");
    assert.equal(await isAllowed(READ_ITEM), true);
  });
});
