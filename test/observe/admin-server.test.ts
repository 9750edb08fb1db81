import assert from "node:assert/strict";
import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AdminServer, type ProcessState } from "../../src/observe/admin-server.ts";
import { Metrics } from "../../src/observe/metrics.ts";

type Reply = { readonly status: number; readonly type: string; readonly body: string };

function ask(socketPath: string, path: string, method = "GET", host = "localhost"): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method, headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body });
      });
    });
    call.on("error", reject);
    call.end();
  });
}

describe("AdminServer", () => {
  let directory = "";
  let path = "";
  let reasons: readonly string[] = [];
  const state: ProcessState = { notReady: () => reasons, status: () => ({ revision: 3 }) };
  const metrics = new Metrics([{ name: "ephor_ready", type: "gauge", help: "Readiness." }]);
  const server = new AdminServer(metrics, state);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "ephor-admin-"));
    path = join(directory, "admin.sock");
    await server.listen({ kind: "unix", path });
  });

  after(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it("is live whatever else is wrong", async () => {
    reasons = ["not in sync"];
    assert.equal((await ask(path, "/livez")).status, 200);
  });

  it("is ready only when nothing stands in the way, and names what does", async () => {
    reasons = ["not in sync", "draining"];
    const refused = await ask(path, "/readyz");
    assert.deepEqual([refused.status, refused.body], [503, "not ready: not in sync, draining\n"]);
    reasons = [];
    assert.equal((await ask(path, "/readyz")).status, 200);
  });

  it("serves metrics as Prometheus reads them", async () => {
    const reply = await ask(path, "/metrics");
    assert.match(reply.type, /^text\/plain; version=0\.0\.4/);
    assert.match(reply.body, /^# TYPE ephor_ready gauge\nephor_ready 0$/m);
  });

  it("serves the status as JSON", async () => {
    const reply = await ask(path, "/status");
    assert.equal(reply.type, "application/json");
    assert.deepEqual(JSON.parse(reply.body), { revision: 3 });
  });

  const refusals = [
    { name: "another path", path: "/", method: "GET", host: "localhost", want: 404 },
    { name: "a method that changes things", path: "/livez", method: "POST", host: "localhost", want: 405 },
    {
      name: "a name that a web page could choose",
      path: "/status",
      method: "GET",
      host: "evil.example",
      want: 403,
    },
    {
      name: "a name that looks like an address",
      path: "/status",
      method: "GET",
      host: "1.2.3.4.evil",
      want: 403,
    },
  ];
  for (const { name, path: target, method, host, want } of refusals) {
    it(`refuses ${name}`, async () => assert.equal((await ask(path, target, method, host)).status, want));
  }

  it("lets only owner and group ask", async () => {
    assert.equal((await stat(path)).mode & 0o777, 0o660);
  });

  it("listens on loopback TCP with a port of the system's choice", async () => {
    const other = new AdminServer(metrics, state);
    const address = await other.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    assert.ok(address.kind === "tcp" && address.port > 0);
    await other.close();
  });

  it("refuses an address that other machines reach", async () => {
    const other = new AdminServer(metrics, state);
    await assert.rejects(
      other.listen({ kind: "tcp", host: "0.0.0.0", port: 0 }),
      /not a Unix socket or a loopback/,
    );
  });

  it("refuses the socket of a living process and leaves it alone", async () => {
    const other = new AdminServer(metrics, state);
    await assert.rejects(other.listen({ kind: "unix", path }), /another process listens/);
    assert.equal((await ask(path, "/livez")).status, 200);
  });

  it("replaces the socket that a killed process left", async () => {
    const stale = join(directory, "stale.sock");
    await leaveStaleSocket(stale);
    const other = new AdminServer(metrics, state);
    await other.listen({ kind: "unix", path: stale });
    assert.equal((await ask(stale, "/livez")).status, 200);
    await other.close();
  });

  it("leaves a file that is not a socket alone", async () => {
    const file = join(directory, "file");
    await writeFile(file, "precious");
    const other = new AdminServer(metrics, state);
    await assert.rejects(other.listen({ kind: "unix", path: file }), /not a socket/);
  });
});

/** A bound socket file that nobody accepts on: bound under another name, which is what closing removes. */
async function leaveStaleSocket(path: string): Promise<void> {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen({ path: `${path}.bound` }, resolve));
  await rename(`${path}.bound`, path);
  await new Promise((resolve) => holder.close(resolve));
}
