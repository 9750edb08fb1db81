import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { IssuesError } from "../../src/base/issue.ts";
import { EmbeddedSource } from "../../src/cli/embedded-source.ts";
import { guardedWorkload } from "../../src/cli/guarded-workload.ts";
import type { PolicyFlags } from "../../src/cli/policy-flags.ts";
import { Sidecar } from "../../src/cli/sidecar-process.ts";
import { FileDatastore } from "../../src/datastore/files/file-datastore.ts";
import { createLoggerTo } from "../../src/observe/index.ts";
import { AuthzClient } from "../support/authz-client.ts";
import { runCli } from "./run-cli.ts";

const SHOP = fileURLToPath(new URL("../../examples/shop", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const DEADLINE_MS = 10_000;

/** Asks again and again until the answer is there; fails with what is awaited when it does not come. */
async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = systemClock.nowMs() + DEADLINE_MS;
  while (!(await isSo())) {
    if (systemClock.nowMs() > endMs) assert.fail(`not in ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function get(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

/** A call of the shop's front to its API. */
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

describe("Sidecar", () => {
  let directory = "";
  let policies = "";
  let socket = "";
  let admin = "";
  let lines: string[] = [];
  const open: { stop(): Promise<void> }[] = [];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "ephor-sidecar-"));
    policies = join(directory, "policies");
    socket = join(directory, "authz.sock");
    admin = join(directory, "admin.sock");
  });

  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    rmSync(policies, { recursive: true, force: true });
  });

  after(() => rmSync(directory, { recursive: true }));

  function create(flags: PolicyFlags = {}): Sidecar {
    lines = [];
    const log = createLoggerTo({ write: (line) => lines.push(line) }, { level: "info" });
    const all: PolicyFlags = { workload: { namespace: "shop", name: "api" }, ...flags };
    const guarded = guardedWorkload(all);
    const datastore = new FileDatastore(systemClock, { directory: policies });
    const source = { text: `files ${policies}`, flags: all, guarded };
    const sidecar = new Sidecar(
      systemClock,
      log,
      (listener) => new EmbeddedSource(systemClock, datastore, listener, source),
      {
        flags: all,
        guards: guarded.text,
        listen: [{ kind: "unix", path: socket }],
        admin: { kind: "unix", path: admin },
        authz: {},
        identity: { trustDomains: ["cluster.local"], semantics: "strict" },
        sources: [],
        drainTimeoutMs: DEADLINE_MS,
      },
    );
    open.push(sidecar);
    return sidecar;
  }

  async function started(flags: PolicyFlags = {}): Promise<Sidecar> {
    cpSync(SHOP, policies, { recursive: true });
    const sidecar = create(flags);
    await sidecar.start();
    return sidecar;
  }

  function client(): AuthzClient {
    const asking = new AuthzClient(`unix:${socket}`);
    open.unshift({ stop: async () => asking.grpc.close() });
    return asking;
  }

  async function isAllowed(asking: AuthzClient, method: string, path: string): Promise<boolean> {
    return ((await asking.ask(call(method, path))).status?.code ?? 0) === 0;
  }

  function save(name: string, text: string): void {
    writeFileSync(join(policies, `${name}.new`), text);
    renameSync(join(policies, `${name}.new`), join(policies, name));
  }

  function logged(level: string): { msg: string; where?: string }[] {
    return lines.map((line) => JSON.parse(line)).filter((record) => record.level === level);
  }

  it("answers by the policies of its directory and is ready", async () => {
    await started();
    const asking = client();
    assert.equal(await isAllowed(asking, "GET", "/v1/items"), true);
    assert.equal(await isAllowed(asking, "DELETE", "/v1/items"), false);
    assert.equal((await get(admin, "/readyz")).status, 200);
    const status = JSON.parse((await get(admin, "/status")).body);
    assert.deepEqual([status.state, status.inSync, status.revision], ["serving", true, 1]);
    const metrics = (await get(admin, "/metrics")).body;
    assert.match(metrics, /^ephor_checks_total\{verdict="allow"\} 1$/m);
    assert.match(metrics, /^ephor_denials_total\{reason="tier_default"\} 1$/m);
    assert.match(metrics, /^ephor_semantics\{mode="strict"\} 1$/m);
  });

  it("puts a saved file in force, under a new revision", async () => {
    await started();
    const asking = client();
    const text = readFileSync(join(policies, "catalogue.yaml"), "utf8");
    save("catalogue.yaml", text.replace("[GET, HEAD]", "[GET, HEAD, DELETE]"));
    await eventually("DELETE is allowed", () => isAllowed(asking, "DELETE", "/v1/items"));
    assert.equal(JSON.parse((await get(admin, "/status")).body).revision, 2);
  });

  it("keeps the last good policy when a file breaks, stays ready, and says so once", async () => {
    await started();
    const asking = client();
    const text = readFileSync(join(policies, "catalogue.yaml"), "utf8");
    save("catalogue.yaml", text.replace("[GET, HEAD]", "[GET, HEAD"));
    await eventually(
      "the issue is known",
      async () => JSON.parse((await get(admin, "/status")).body).issueCount > 0,
    );
    assert.equal(await isAllowed(asking, "GET", "/v1/items"), true);
    assert.equal((await get(admin, "/readyz")).status, 200);
    assert.match((await get(admin, "/metrics")).body, /^ephor_issues\{severity="error"\} [1-9]/m);
    const before = logged("error").length;
    assert.ok(
      before > 0 && logged("error").every(({ where }) => /catalogue\.yaml:\d+:\d+/.test(where ?? "")),
    );

    save("catalogue.yaml", text.replace("[GET, HEAD]", "[GET]"));
    await eventually(
      "it is repaired",
      async () => JSON.parse((await get(admin, "/status")).body).issueCount === 0,
    );
    assert.equal(logged("error").length, before);
    assert.match((await get(admin, "/metrics")).body, /^ephor_issues\{severity="error"\} 0$/m);
  });

  it("refuses to start on a broken directory, with all that is wrong, and listens nowhere", async () => {
    cpSync(SHOP, policies, { recursive: true });
    save(
      "catalogue.yaml",
      "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: x, namespace: shop }\nspec: { selectr: all() }\n",
    );
    await assert.rejects(create().start(), (error: unknown) => {
      assert.ok(error instanceof IssuesError);
      assert.match(error.message, /catalogue\.yaml:4:\d+: error: unknown key `selectr`/);
      return true;
    });
    assert.equal(existsSync(socket), false);
    assert.equal(existsSync(admin), false);
  });

  it("refuses the sockets of a living sidecar, which goes on", async () => {
    await started();
    await assert.rejects(create().start(), /another process listens/);
    assert.equal(await isAllowed(client(), "GET", "/v1/items"), true);
  });

  it("drains: not ready, still answering, until the last connection closes", async () => {
    const sidecar = await started();
    const asking = client();
    assert.equal(await isAllowed(asking, "GET", "/v1/items"), true);
    const stopped = sidecar.stop();
    assert.deepEqual(await get(admin, "/readyz"), { status: 503, body: "not ready: draining\n" });
    assert.equal(await isAllowed(asking, "GET", "/v1/items"), true);
    assert.equal(await isAllowed(asking, "DELETE", "/v1/items"), false);
    asking.grpc.close();
    await stopped;
    assert.equal(existsSync(socket), false);
  });

  it("says at start that no workload is listed, and denies everything to one that is not described", async () => {
    cpSync(join(SHOP, "catalogue.yaml"), join(policies, "catalogue.yaml"));
    await create().start();
    assert.equal(await isAllowed(client(), "GET", "/v1/items"), false);
    const warnings = logged("warn").map(({ msg }) => msg);
    assert.ok(warnings.some((text) => /no workload but our own is listed/.test(text)));
    assert.ok(warnings.some((text) => /everything is denied/.test(text)));
    assert.equal(JSON.parse((await get(admin, "/status")).body).judging.peer, "identity");
  });
});

describe("ephor sidecar", () => {
  const children: ChildProcess[] = [];
  const directory = mkdtempSync(join(tmpdir(), "ephor-main-"));
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });

  function spawnSidecar(args: readonly string[]): { child: ChildProcess; stderr: () => string } {
    const child = spawn(process.execPath, [MAIN, "sidecar", "--workload", "shop/api", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let stderr = "";
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    return { child, stderr: () => stderr };
  }

  it("ends with 0 at SIGTERM, its socket gone", async () => {
    const socket = join(directory, "a.sock");
    const { child, stderr } = spawnSidecar(["--policies", SHOP, "--listen", `unix:${socket}`]);
    await eventually("it serves", () => stderr().includes('"msg":"serving"'));
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
    assert.equal(existsSync(socket), false);
  });

  it("ends at once at a second signal while it drains", async () => {
    const socket = join(directory, "b.sock");
    const { child, stderr } = spawnSidecar(["--policies", SHOP, "--listen", `unix:${socket}`]);
    await eventually("it serves", () => stderr().includes('"msg":"serving"'));
    const asking = new AuthzClient(`unix:${socket}`);
    await asking.ask(call("GET", "/v1/items"));
    child.kill("SIGTERM");
    await eventually("it drains", () => stderr().includes('"msg":"draining"'));
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [null, "SIGTERM"]);
    asking.grpc.close();
  });

  const refused = [
    {
      name: "a directory that is not there",
      args: ["--policies", "/none"],
      message: /\/none: error: .*\[unreadable\]/,
    },
    { name: "no source", args: [], message: /one of --policies DIR, --policy-sync/ },
    {
      name: "two sources",
      args: ["--policies", SHOP, "--policy-sync", "unix:/x"],
      message: /one of --policies/,
    },
    {
      name: "a description of a workload that the agent knows",
      args: ["--policy-sync", "unix:/x", "--address", "10.0.0.1"],
      message: /--address goes with --policies only/,
    },
    {
      name: "staleness of files",
      args: ["--policies", SHOP, "--workload", "shop/api", "--max-staleness", "1h"],
      message: /goes with --policy-sync only/,
    },
    { name: "an agent over TCP", args: ["--policy-sync", "127.0.0.1:1"], message: /not unix:PATH/ },
    { name: "no such recording", args: ["--replay", "/none"], message: /--replay: .*ENOENT/ },
    {
      name: "TCP in the clear without a word",
      args: ["--policies", SHOP, "--listen", "127.0.0.1:0"],
      message: /--insecure-tcp/,
    },
    {
      name: "a certificate without its key",
      args: ["--policies", SHOP, "--listen", "127.0.0.1:0", "--tls-certificate", "x"],
      message: /both --tls-certificate and --tls-key/,
    },
    {
      name: "an admin listener for the world",
      args: ["--policies", SHOP, "--listen", `unix:${join(directory, "c.sock")}`, "--admin", "0.0.0.0:0"],
      message: /not a Unix socket or a loopback address/,
    },
    {
      name: "a group that is not there",
      args: ["--policies", SHOP, "--socket-group", "no-such-group"],
      message: /--socket-group: there is no group/,
    },
    {
      name: "a socket in no directory",
      args: ["--policies", SHOP, "--listen", "unix:/none/x.sock"],
      message: /\/none.* does not exist/,
    },
  ];
  for (const { name, args, message } of refused) {
    it(`ends with 2 and says why for ${name}`, async () => {
      const { exitCode, stdout, stderr } = await runCli([
        "sidecar",
        "--workload",
        "shop/api",
        "--log-level",
        "silent",
        ...args,
      ]);
      assert.match(stderr, message);
      assert.deepEqual([exitCode, stdout], [2, ""]);
    });
  }
});
