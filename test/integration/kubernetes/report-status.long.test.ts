/** Problems of policies as Events on a real API server, written by node agents as processes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awaitTrue, type ControlPlane, type Json } from "../../control-plane/control-plane.ts";
import { askAdmin, kubeconfig, MAIN, runMain } from "./agent-process.ts";
import { CALICO, create, nodeToken, pathOf, STATUS_MANIFEST, startCluster } from "./cluster.ts";

const TIMEOUT_MS = 60_000;
const LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ephor-node-status";

type Event = {
  readonly metadata: { readonly namespace: string };
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: Json;
  readonly reportingController: string;
};

describe("ephor node --report-status", () => {
  let plane: ControlPlane;
  let folder: string;
  const agents: ChildProcess[] = [];

  before(async () => {
    plane = await startCluster();
    folder = await mkdtemp(join(tmpdir(), "ephor-status-"));
    await writeFile(join(folder, "kubeconfig"), kubeconfig(plane, await nodeToken(plane)));
    const types = ["Ingress"];
    await create(
      plane,
      CALICO,
      "GlobalNetworkPolicy",
      { name: "broken" },
      { spec: { selector: "app ==", types } },
    );
    await create(plane, "v1", "Namespace", { name: "shop" });
    await create(
      plane,
      CALICO,
      "NetworkPolicy",
      { name: "api", namespace: "shop" },
      { spec: { tier: "nowhere", selector: "all()", types } },
    );
    await create(plane, CALICO, "NetworkPolicy", { name: "fine", namespace: "shop" }, { spec: { types } });
  });

  after(async () => {
    for (const agent of agents) agent.kill("SIGKILL");
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function startAgent(name: string): void {
    const cluster = [
      "--datastore",
      "kubernetes",
      "--kubeconfig",
      join(folder, "kubeconfig"),
      "--report-status",
    ];
    const own = ["--node-name", name, "--prefix", join(folder, name), "--admin", `unix:${admin(name)}`];
    const flags = [MAIN, "node", ...cluster, ...own, "--log-level", "error"];
    agents.push(spawn(process.execPath, flags, { stdio: ["ignore", "ignore", "inherit"] }));
  }

  it("without permission says so, and is ready all the same", async () => {
    startAgent("node-1");
    await awaitTrue("it failed", TIMEOUT_MS, async () => (await outcomes("node-1", "failed")) >= 1);
    assert.equal((await askAdmin(admin("node-1"), "/readyz")).status, 200);
    assert.equal(await outcomes("node-1", "written"), 0);
    assert.deepEqual(await events(), []);
    agents.pop()?.kill("SIGKILL");
  });

  it("tells each problem once, where its author looks, from one of two agents", async () => {
    await plane.applyManifest(STATUS_MANIFEST);
    startAgent("node-2");
    startAgent("node-3");
    await awaitTrue("all is told", TIMEOUT_MS, async () => (await events()).length >= 2);
    await awaitTrue("both looked", TIMEOUT_MS, async () => {
      const names = ["node-2", "node-3"];
      return (await Promise.all(names.map((name) => issueCount(name)))).every((count) => count === 2);
    });
    const found = (await events()).map(({ metadata, regarding, type, reason, note }) => {
      const { apiVersion, kind, name, namespace = "" } = regarding;
      return {
        in: metadata.namespace,
        object: [apiVersion, kind, namespace, name].join(" "),
        type,
        reason,
        note,
      };
    });
    found.sort((left, right) => left.reason.localeCompare(right.reason));
    assert.deepEqual(
      found.map(({ note: _, ...rest }) => rest),
      [
        {
          in: "default",
          object: `${CALICO} GlobalNetworkPolicy  broken`,
          type: "Warning",
          reason: "BadSelector",
        },
        {
          in: "shop",
          object: `${CALICO} NetworkPolicy shop api`,
          type: "Warning",
          reason: "MissingReference",
        },
      ],
    );
    const { holderIdentity } = (await plane.request("GET", LEASE))["spec"] as Json;
    const writers = await Promise.all(["node-2", "node-3"].map((name) => outcomes(name, "written")));
    assert.deepEqual(writers, holderIdentity === "node-2" ? [2, 0] : [0, 2]);
    const list = await runMain([
      "validate",
      "--datastore",
      "kubernetes",
      "--kubeconfig",
      join(folder, "kubeconfig"),
    ]);
    for (const { note } of found) {
      const [, message = ""] = /^(?:error|warning): \S+(?: at character \d+)?: (.*)$/.exec(note) ?? [];
      assert.ok(message !== "" && list.stdout.includes(message), `${note} is in ${list.stdout}`);
    }
    assert.match(list.stdout, /1 error, 1 warning/);
  });

  it("tells a new problem within seconds, and is found by its object's uid and by who tells", async () => {
    const path = `${pathOf(CALICO, "NetworkPolicy", "shop")}/fine`;
    await plane.request("PATCH", path, { spec: { selector: "all() ||" } });
    await awaitTrue("it is told", TIMEOUT_MS, async () => (await events()).length === 3);
    const { uid } = (await plane.request("GET", path))["metadata"] as Json;
    const selector = encodeURIComponent(`involvedObject.uid=${uid},reportingComponent=ephor.dev/node`);
    const { items } = (await plane.request("GET", `/api/v1/events?fieldSelector=${selector}`)) as {
      items: Json[];
    };
    assert.deepEqual(
      items.map(({ reason, type }) => [reason, type]),
      [["BadSelector", "Warning"]],
    );
  });

  const admin = (name: string): string => join(folder, `${name}.sock`);

  async function events(): Promise<readonly Event[]> {
    const { items } = (await plane.request("GET", "/apis/events.k8s.io/v1/events")) as { items: Event[] };
    return items.filter(({ reportingController }) => reportingController === "ephor.dev/node");
  }

  async function outcomes(name: string, outcome: string): Promise<number> {
    const { body } = await askAdmin(admin(name), "/metrics");
    const [, count = "0"] =
      new RegExp(`^ephor_status_events_total\\{outcome="${outcome}"\\} ([0-9]+)$`, "m").exec(body) ?? [];
    return Number(count);
  }

  async function issueCount(name: string): Promise<number> {
    const { body } = await askAdmin(admin(name), "/status");
    return body === "" ? -1 : JSON.parse(body).issueCount;
  }
});
