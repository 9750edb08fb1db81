/** The node agent as a process, on a real etcd that isn't there yet when it starts. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awaitTrue } from "../../control-plane/control-plane.ts";
import { putPolicy, setReady } from "../../datastore/etcd/followed-etcd.ts";
import { EtcdServer, tlsFiles } from "../../support/etcd-server.ts";

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
const TIMEOUT_MS = 60_000;

describe("ephor node --datastore etcd", () => {
  let etcd: EtcdServer;
  let folder: string;
  let agent: ChildProcess;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-node-"));
    etcd = await EtcdServer.start({ hasTls: true });
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    await etcd.kill();
    const { ca = "", certificate = "", key = "" } = tlsFiles(etcd.folder);
    const flags = ["--etcd-endpoint", etcd.tlsUrl, "--etcd-ca", ca, "--etcd-certificate", certificate];
    const own = ["--prefix", join(folder, "agent"), "--admin", `unix:${join(folder, "admin.sock")}`];
    const all = ["--datastore", "etcd", ...flags, "--etcd-key", key, "--max-staleness", "8s", ...own];
    agent = spawn(process.execPath, [MAIN, "node", ...all], { stdio: ["ignore", "ignore", "inherit"] });
  });
  after(async () => {
    agent?.kill("SIGKILL");
    await etcd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("waits for an etcd that is away, and is ready when it was read", async () => {
    await awaitTrue("it says why it waits", TIMEOUT_MS, async () =>
      (await ask("/status")).body.includes("can't be read"),
    );
    assert.equal((await ask("/readyz")).status, 503);
    await etcd.run();
    await awaitTrue("it is ready", TIMEOUT_MS, async () => (await ask("/readyz")).status === 200);
    await awaitTrue("it is connected", TIMEOUT_MS, async () =>
      (await ask("/metrics")).body.includes("\nephor_datastore_connected 1\n"),
    );
    const { source, issueCount } = JSON.parse((await ask("/status")).body);
    assert.deepEqual([source, issueCount], [`etcd ${etcd.tlsUrl}`, 0]);
  });

  it("says so when an etcd that stands still is gone for longer than allowed, and ends when told to", async () => {
    etcd.pause();
    await awaitTrue("it is stale", TIMEOUT_MS, async () =>
      (await ask("/readyz")).body.includes("the datastore is stale"),
    );
    const ended = once(agent, "exit");
    agent.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
    etcd.resume();
  });

  /** Status 0 while nobody listens. */
  async function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const sent = request({ socketPath: join(folder, "admin.sock"), path }).end();
    try {
      const [answer] = await once(sent, "response");
      let body = "";
      for await (const piece of answer.setEncoding("utf8")) body += piece;
      return { status: answer.statusCode, body };
    } catch {
      return { status: 0, body: "" }; // not yet
    }
  }
});
