import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../../src/base/clock.ts";
import { PodSockets } from "../../src/node/pod-sockets.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { until } from "../support/until.ts";

let prefix: string;
let sockets: PodSockets;
let problems: string[];

beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), "ephor-node-"));
  problems = [];
  const events = {
    opened() {},
    closed() {},
    refused() {},
    problem: (message: string) => problems.push(message),
  };
  sockets = new PodSockets(systemClock, new FanOut(), events, { prefix, socketMode: 0o666 });
});

afterEach(async () => {
  await sockets.close();
  rmSync(prefix, { recursive: true, force: true });
});

/** As the CSI driver does it: the mount first, then the credentials by a rename. */
function publish(
  id: string,
  fields: object = { UID: id, Workload: id, Namespace: "prod", ServiceAccount: "x" },
): void {
  mkdirSync(join(prefix, "creds"), { recursive: true });
  mkdirSync(join(prefix, "mount", id), { recursive: true });
  writeFileSync(join(prefix, `${id}.json`), JSON.stringify(fields));
  renameSync(join(prefix, `${id}.json`), join(prefix, "creds", `${id}.json`));
}

function unpublish(id: string): void {
  rmSync(join(prefix, "creds", `${id}.json`));
}

function isSocket(id: string): boolean {
  return statSync(join(prefix, "mount", id, "socket"), { throwIfNoEntry: false })?.isSocket() === true;
}

describe("PodSockets", () => {
  it("listens for every pod that has credentials, with the mode that pods of any user need", async () => {
    publish("a");
    await sockets.start();
    assert.ok(isSocket("a"));
    assert.equal(statSync(join(prefix, "mount", "a", "socket")).mode & 0o777, 0o666);
    publish("b");
    await until(() => isSocket("b"));
    assert.deepEqual(problems, []);
  });

  it("waits for a directory that does not exist yet", async () => {
    await sockets.start();
    assert.deepEqual(sockets.pods, []);
    publish("a");
    await until(() => isSocket("a"));
  });

  it("takes the socket away with the credentials", async () => {
    publish("a");
    await sockets.start();
    unpublish("a");
    await until(() => !isSocket("a") && sockets.pods.length === 0);
  });

  it("replaces the socket that an earlier agent left", async () => {
    publish("a");
    await sockets.start();
    // A second agent on the same prefix, as after a kill: the path is taken by a socket that nobody serves for it.
    const events = {
      opened() {},
      closed() {},
      refused() {},
      problem: (message: string) => problems.push(message),
    };
    const next = new PodSockets(systemClock, new FanOut(), events, { prefix, socketMode: 0o600 });
    await next.start();
    assert.equal(statSync(join(prefix, "mount", "a", "socket")).mode & 0o777, 0o600);
    await next.close();
  });

  it("H5: tries a pod again whose socket could not be set up, and takes its removal without harm", async () => {
    publish("a");
    rmSync(join(prefix, "mount", "a"), { recursive: true });
    await sockets.start();
    assert.match(problems[0] ?? "", /no socket for pod prod\/a/);
    assert.equal(sockets.pods[0]?.problem, problems[0]);
    mkdirSync(join(prefix, "mount", "a"));
    await until(() => isSocket("a") && sockets.pods[0]?.problem === "");
    publish("b");
    rmSync(join(prefix, "mount", "b"), { recursive: true });
    await until(() => problems.length === 2);
    unpublish("b");
    await until(() => sockets.pods.length === 1);
  });

  it("keeps a pod's socket while its credentials can't be read for a moment, and says so once", async () => {
    publish("a");
    await sockets.start();
    writeFileSync(join(prefix, "creds", "a.json"), "{");
    await sockets.look();
    await sockets.look();
    assert.ok(isSocket("a"));
    assert.equal(problems.length, 1);
  });

  it("keeps everything when the directory can't be listed", async () => {
    publish("a");
    await sockets.start();
    rmSync(join(prefix, "creds"), { recursive: true });
    writeFileSync(join(prefix, "creds"), "not a directory");
    await sockets.look();
    assert.ok(isSocket("a"));
    assert.match(problems[0] ?? "", /can't be listed/);
  });

  it("H4: a volume that goes to another pod ends what the first one had", async () => {
    publish("a");
    await sockets.start();
    publish("a", { UID: "another", Workload: "a", Namespace: "prod", ServiceAccount: "x" });
    await until(() => sockets.pods[0]?.podUid === "another");
    assert.ok(isSocket("a"));
  });

  it("ends streams and refuses new ones while there is a reason, also for pods that come later", async () => {
    publish("a");
    await sockets.start();
    const client = new grpc.Client(
      `unix:${join(prefix, "mount", "a", "socket")}`,
      grpc.credentials.createInsecure(),
    );
    assert.equal(await endOfStream(client, () => sockets.setRefusal("stale")), "stale");
    assert.equal(await endOfStream(client, () => {}), "stale");
    publish("b");
    await until(() => isSocket("b"));
    const later = new grpc.Client(
      `unix:${join(prefix, "mount", "b", "socket")}`,
      grpc.credentials.createInsecure(),
    );
    assert.equal(await endOfStream(later, () => {}), "stale");
    sockets.setRefusal(undefined);
    assert.equal(await endOfStream(client, () => sockets.setRefusal("again")), "again");
    client.close();
    later.close();
  });

  const refused = [
    { name: "a list", text: "[]" },
    { name: "no namespace", text: '{"Workload":"a"}' },
    { name: "a pod name that leaves the directory", text: '{"Workload":"../a","Namespace":"prod"}' },
    { name: "a namespace with a slash", text: '{"Workload":"a","Namespace":"prod/x"}' },
    { name: "a UID that is no text", text: '{"UID":7,"Workload":"a","Namespace":"prod"}' },
    { name: "half a file", text: '{"UID":"7","Workl' },
  ];
  for (const { name, text } of refused) {
    it(`serves nobody for credentials with ${name}`, async () => {
      publish("a");
      writeFileSync(join(prefix, "creds", "a.json"), text);
      await sockets.start();
      assert.equal(isSocket("a"), false);
      assert.equal(problems.length, 1);
    });
  }

  it("refuses a path that is too long for a socket, and says what to do", async () => {
    const id = `csi-${"a".repeat(100)}`;
    publish(id);
    await sockets.start();
    assert.match(problems[0] ?? "", /use a shorter prefix/);
  });

  it("does not remove what is no socket", async () => {
    publish("a");
    writeFileSync(join(prefix, "mount", "a", "socket"), "precious");
    chmodSync(join(prefix, "mount", "a", "socket"), 0o600);
    await sockets.start();
    assert.equal(problems.length, 1);
    assert.equal(statSync(join(prefix, "mount", "a", "socket")).size, 8);
  });
});

/** Opens a stream, then does something, and gives why the stream ended. */
function endOfStream(client: grpc.Client, then: () => void): Promise<string> {
  const same = (bytes: Buffer): Buffer => bytes;
  const call = client.makeServerStreamRequest("/felix.PolicySync/Sync", same, same, Buffer.alloc(0));
  return new Promise((resolve) => {
    call.on("data", () => {});
    call.on("error", (error: grpc.ServiceError) => resolve(error.details));
    if (sockets.pods.some((pod) => pod.backlog !== undefined)) then();
    else void until(() => sockets.pods.some((pod) => pod.backlog !== undefined), 1_000).then(then, () => {});
  });
}
