/** The Workload API of a real SPIRE agent: bundles, our own SVID, its rotation, and callers verified by its bundle. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { awaitCondition, BackgroundProcess } from "../../src/cli/demo/child-process.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { TrustBundles } from "../../src/identity/trust-bundles.ts";
import { type OwnSvid, WorkloadApiClient } from "../../src/sync/workload-api.ts";
import { mintRoot, mintSvid } from "../support/mint-chain.ts";
import { requireSpire } from "../support/spire.ts";
import { until } from "../support/until.ts";

const ID = "spiffe://cluster.local/ns/shop/sa/ephor";
/** Away from what systems choose by themselves for outgoing connections. */
const SERVER_PORT = 18_081;
const START_TIMEOUT_MS = 30_000;
/** SPIRE renews at half of the entry's minute. */
const ROTATION_TIMEOUT_MS = 90_000;

describe("a real SPIRE agent", () => {
  const folder = mkdtempSync(join(tmpdir(), "ephor-spire-"));
  const processes: BackgroundProcess[] = [];
  const bundles = new TrustBundles();
  const svids: OwnSvid[] = [];
  const problems: string[] = [];
  let client: WorkloadApiClient;

  before(async () => {
    const { server, agent } = await requireSpire();
    const admin = join(folder, "server.sock");
    writeFileSync(join(folder, "server.conf"), serverConfig(folder, admin));
    writeFileSync(join(folder, "agent.conf"), agentConfig(folder));
    const ask = (...args: string[]): string =>
      execFileSync(server, [...args, "-socketPath", admin], { encoding: "utf8", stdio: "pipe" });
    const start = (name: string, command: string, args: string[]): BackgroundProcess => {
      const process = new BackgroundProcess(command, args, { name, onLine: () => {} });
      processes.push(process);
      return process;
    };
    const options = { timeoutMs: START_TIMEOUT_MS };
    const serverProcess = start("spire-server", server, ["run", "-config", join(folder, "server.conf")]);
    await awaitCondition("the server is healthy", () => succeeds(() => ask("healthcheck")), {
      ...options,
      process: serverProcess,
    });
    const token = /Token: (\S+)/.exec(
      ask("token", "generate", "-spiffeID", "spiffe://cluster.local/node"),
    )?.[1];
    ask(
      "entry",
      "create",
      ...["-parentID", "spiffe://cluster.local/node"],
      ...["-spiffeID", ID],
      ...["-selector", `unix:uid:${process.getuid?.() ?? 0}`],
      ...["-x509SVIDTTL", "60"],
    );
    start("spire-agent", agent, ["run", "-config", join(folder, "agent.conf"), "-joinToken", token ?? ""]);
    client = new WorkloadApiClient(
      { path: join(folder, "agent.sock"), wantsSvid: true },
      {
        onBundles: (all) => bundles.replace("workload-api", all),
        onSvid: (svid) => svids.push(svid),
        onProblem: (message) => problems.push(message),
      },
    );
    await client.start();
  });

  after(async () => {
    client?.close();
    for (const each of processes.reverse()) await each.stop(5_000);
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells the bundle of its trust domain, and our own identity", () => {
    assert.deepEqual(bundles.trustDomains, ["cluster.local"]);
    assert.equal(svids[0]?.id, ID);
  });

  it("issues what is verified by its bundle, and by no other", () => {
    const reader = new PeerIdentityReader(systemClock, {
      trustDomains: ["cluster.local"],
      semantics: "strict",
      bundles,
    });
    const leaf = `${svids.at(-1)?.certificateChain.toString().split("-----END CERTIFICATE-----")[0]}-----END CERTIFICATE-----\n`;
    const identity = reader.read(ID, encodeURIComponent(leaf));
    assert.equal(identity.kind, "service-account", JSON.stringify(identity));
    const forged = mintSvid(ID, mintRoot("cluster.local"));
    assert.equal(reader.read(ID, encodeURIComponent(forged.pem)).kind, "foreign");
  });

  it("rotates our identity on the same stream", async () => {
    const count = svids.length;
    await until(() => svids.length > count, ROTATION_TIMEOUT_MS);
    assert.notEqual(svids.at(-1)?.certificateChain.toString(), svids[0]?.certificateChain.toString());
    assert.equal(svids.at(-1)?.id, ID);
  });
});

function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false; // not up yet
  }
}

function serverConfig(folder: string, admin: string): string {
  return `
server {
  bind_address = "127.0.0.1"
  bind_port = "${SERVER_PORT}"
  socket_path = "${admin}"
  trust_domain = "cluster.local"
  data_dir = "${folder}/server"
  log_level = "WARN"
  ca_ttl = "1h"
  default_x509_svid_ttl = "10m"
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${folder}/store.sqlite3" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}
`;
}

function agentConfig(folder: string): string {
  return `
agent {
  data_dir = "${folder}/agent"
  log_level = "WARN"
  server_address = "127.0.0.1"
  server_port = "${SERVER_PORT}"
  socket_path = "${folder}/agent.sock"
  insecure_bootstrap = true
  trust_domain = "cluster.local"
}
plugins {
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
`;
}
