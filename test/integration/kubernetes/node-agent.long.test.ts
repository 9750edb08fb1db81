/** The node agent as a process, on a real API server that isn't there yet when it starts. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awaitTrue, type ControlPlane } from "../../control-plane/control-plane.ts";
import { askAdmin, kubeconfig, MAIN, runMain } from "./agent-process.ts";
import { CALICO, create, nodeToken, pathOf, startCluster } from "./cluster.ts";

const TIMEOUT_MS = 60_000;

describe("ephor node --datastore kubernetes", () => {
  let plane: ControlPlane;
  let folder: string;
  let agent: ChildProcess | undefined;

  before(async () => {
    plane = await startCluster();
    folder = await mkdtemp(join(tmpdir(), "ephor-node-"));
    await writeFile(join(folder, "kubeconfig"), kubeconfig(plane, await nodeToken(plane)));
  });

  after(async () => {
    agent?.kill("SIGKILL");
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("is what `ephor validate --datastore kubernetes` reads too", async () => {
    const spec = { selector: "app ==", types: ["Ingress"] };
    await create(plane, CALICO, "GlobalNetworkPolicy", { name: "broken" }, { spec });
    const flags = ["validate", "--datastore", "kubernetes", "--kubeconfig", join(folder, "kubeconfig")];
    const { code, stdout: said } = await runMain(flags);
    assert.equal(code, 1);
    assert.match(said, /^GlobalNetworkPolicy broken spec\.selector.* \[bad_selector\]$/m);
    assert.match(said, /invalid: [0-9]+ objects, 1 error/);
    await plane.request("DELETE", `${pathOf(CALICO, "GlobalNetworkPolicy")}/broken`);
  });

  it("waits for an API server that is away, is ready when it was read, and says how old that is", async () => {
    await plane.killServer();
    const flags = [
      "--datastore",
      "kubernetes",
      "--kubeconfig",
      join(folder, "kubeconfig"),
      "--node-name",
      "node-1",
    ];
    const own = ["--prefix", join(folder, "agent"), "--admin", `unix:${join(folder, "admin.sock")}`];
    agent = spawn(process.execPath, [MAIN, "node", ...flags, ...own], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    await awaitTrue("it says why it waits", TIMEOUT_MS, async () => (await status()).issueCount > 0);
    assert.equal((await ask("/readyz")).status, 503);
    const waiting = await status();
    assert.deepEqual(
      [waiting.inSync, waiting.datastoreConnected, waiting.datastoreAgeSeconds],
      [false, false, null],
    );
    await plane.startServer();
    await awaitTrue("it is ready", TIMEOUT_MS, async () => (await ask("/readyz")).status === 200);
    await awaitTrue("it is connected", TIMEOUT_MS, async () => (await status()).datastoreConnected);
    assert.ok(((await status()).datastoreAgeSeconds ?? Number.NaN) < 60);
    await awaitTrue("nothing is amiss any more", TIMEOUT_MS, async () => (await status()).issueCount === 0);
    assert.match((await ask("/metrics")).body, /^ephor_datastore_connected 1$/m);
  });

  it("goes on serving when the API server is gone, and says that it is", async () => {
    await plane.killServer();
    await awaitTrue("it says so", TIMEOUT_MS, async () => !(await status()).datastoreConnected);
    assert.equal((await ask("/readyz")).status, 200);
    const ended = once(agent as ChildProcess, "exit");
    agent?.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });

  type Status = {
    readonly inSync: boolean;
    readonly datastoreConnected: boolean;
    readonly datastoreAgeSeconds: number | null;
    readonly issueCount: number;
  };

  async function status(): Promise<Status> {
    const { body } = await ask("/status");
    return body === ""
      ? { inSync: false, datastoreConnected: false, datastoreAgeSeconds: null, issueCount: 0 }
      : JSON.parse(body);
  }

  const ask = (path: string): ReturnType<typeof askAdmin> => askAdmin(join(folder, "admin.sock"), path);
});
