import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../../src/base/clock.ts";
import type { Slicing } from "../../src/base/steps.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { SYNC_FEATURES } from "../../src/sync/features.ts";
import { PolicySyncClient, type SyncState } from "../../src/sync/sync-client.ts";
import { SyncServer } from "../../src/sync/sync-server.ts";
import { messageBytes, SYNC_PATH } from "../../src/sync/wire.ts";
import { endpointId, policyMessage, profileMessage, setMessage } from "../support/node-history.ts";
import { StreamObserver } from "../support/stream-observer.ts";
import { until } from "../support/until.ts";

const POD = endpointId("pod-0");

let directory: string;
let path: string;
const closing: (() => void)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ephor-sync-"));
  path = join(directory, "socket");
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) close();
  await rm(directory, { recursive: true, force: true });
});

type Sidecar = {
  readonly client: PolicySyncClient;
  readonly store: SnapshotStore;
  readonly states: SyncState[];
  readonly problems: string[];
};

function startSidecar(options: { maxStalenessMs?: number; slicing?: Slicing } = {}): Sidecar {
  const store = new SnapshotStore();
  const states: SyncState[] = [];
  const problems: string[] = [];
  const client = new PolicySyncClient(
    systemClock,
    store,
    {
      stateChanged: (state) => states.push(state),
      problem: (message) => problems.push(message),
      issues: (issues) => problems.push(...issues.map((issue) => `${issue.where}: ${issue.message}`)),
    },
    {
      path,
      policy: DEFAULT_POLICY_OPTIONS,
      maxStalenessMs: options.maxStalenessMs,
      ownUid: process.getuid?.() ?? 0,
      ...(options.slicing && { slicing: options.slicing }),
    },
    () => 0.1,
  );
  client.start();
  closing.push(() => client.close());
  return { client, store, states, problems };
}

async function startAgent(fanOut: FanOut): Promise<SyncServer> {
  const server = new SyncServer(systemClock, fanOut, POD, { opened() {}, closed() {}, refused() {} });
  await server.listen(path);
  closing.push(() => server.close("the test is over"));
  return server;
}

/** Serves whatever the script writes, right or wrong. */
async function startScript(script: (call: grpc.ServerWritableStream<Buffer, Buffer>) => void): Promise<void> {
  const same = (bytes: Buffer): Buffer => bytes;
  const server = new grpc.Server();
  const method = { path: SYNC_PATH, requestStream: false, responseStream: true };
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService({ sync: { ...method, ...codecs } }, { sync: script });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  closing.push(() => server.forceShutdown());
}

function endpointUpdate(policyNames: readonly string[]): Message {
  const ingressPolicies = policyNames.map((name) => policyMessage(name, []).id);
  return {
    kind: "workload_endpoint_update",
    id: POD,
    endpoint: {
      state: "active",
      name: "",
      profileIds: ["kns.x"],
      ipv4Nets: [],
      ipv6Nets: [],
      tiers: [{ name: "default", ingressPolicies, egressPolicies: [], defaultAction: "Deny" }],
    },
  };
}

const COMPLETE: readonly Message[] = [
  setMessage("s:1", ["10.0.0.1/32"]),
  policyMessage("p", ["s:1"]),
  profileMessage("kns.x", []),
  endpointUpdate(["p"]),
  { kind: "in_sync" },
];

/** One step a turn; turns are made by the test. */
function stepByStep(turns: (() => void)[]): Slicing {
  return { clock: systemClock, sliceMs: 0, schedule: (next) => turns.push(next) };
}

/** Turns until something holds. */
async function turnUntil(turns: (() => void)[], holds: () => boolean): Promise<void> {
  await until(() => {
    turns.shift()?.();
    return holds();
  });
}

describe("PolicySyncClient", () => {
  it("judges by the snapshot before while the next is made, and loses nothing that comes meanwhile", async () => {
    const turns: (() => void)[] = [];
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    await startAgent(fanOut);
    const { client, store, problems } = startSidecar({ slicing: stepByStep(turns) });
    await turnUntil(turns, () => client.status.state === "in-sync");
    fanOut.apply([setMessage("s:1", ["10.0.0.1/32", "10.0.0.2/32"])]);
    await until(() => turns.length > 0);
    fanOut.apply([setMessage("s:1", ["10.0.0.3/32", "10.0.0.4/32", "10.0.0.5/32"])]);
    assert.deepEqual([store.current?.revision, store.current?.counts.ipSetMembers], [1, 1]);
    await turnUntil(turns, () => store.current?.counts.ipSetMembers === 3);
    assert.deepEqual([client.status.streams, problems], [1, []]);
  });

  it("publishes nothing more once it is closed, and nothing of a candidate", async () => {
    const turns: (() => void)[] = [];
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    await startAgent(fanOut);
    const { client, store } = startSidecar({ slicing: stepByStep(turns) });
    await until(() => turns.length > 0);
    client.close();
    while (turns.length > 0) turns.shift()?.();
    assert.equal(store.current === undefined, true);
    assert.equal(client.status.state, "closed");
  });

  it("publishes nothing before InSync, and then everything at once", async () => {
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE.slice(0, -1));
    await startAgent(fanOut);
    const { client, store } = startSidecar();
    await until(() => client.status.messages === 4);
    assert.equal(store.current === undefined, true);
    fanOut.apply([{ kind: "in_sync" }]);
    await until(() => client.status.state === "in-sync");
    assert.deepEqual(store.current?.counts, {
      rules: 1,
      policies: 1,
      profiles: 1,
      ipSets: 1,
      ipSetMembers: 1,
    });
  });

  it("is in a state of its own, and denies, when the agent is in sync and knows no endpoint for it", async () => {
    const fanOut = new FanOut();
    fanOut.apply([{ kind: "in_sync" }]);
    await startAgent(fanOut);
    const { client, store } = startSidecar();
    await until(() => client.status.state === "no-endpoint");
    assert.equal(store.current?.hasEndpoint, false);
    fanOut.apply(COMPLETE.slice(0, -1));
    await until(() => client.status.state === "in-sync");
    assert.equal(store.current?.hasEndpoint, true);
  });

  it("keeps the last state while the agent is away, and takes the new one whole, without what went meanwhile", async () => {
    const first = new FanOut();
    first.apply([
      ...COMPLETE.slice(0, -1),
      { kind: "namespace_update", name: "gone", labels: new Map() },
      { kind: "in_sync" },
    ]);
    const agent = await startAgent(first);
    const { client, store } = startSidecar();
    await until(() => client.status.state === "in-sync");
    agent.close("killed");
    await until(() => client.status.state === "connecting" && client.status.lastError !== "");
    assert.equal(store.current?.counts.policies, 1);
    assert.ok((client.status.ageMs ?? 0) >= 0);
    const second = new FanOut();
    second.apply([profileMessage("kns.x", []), endpointUpdate([]), { kind: "in_sync" }]);
    await startAgent(second);
    await until(() => client.status.state === "in-sync");
    assert.deepEqual(store.current?.counts, {
      rules: 0,
      policies: 0,
      profiles: 1,
      ipSets: 0,
      ipSetMembers: 0,
    });
    assert.equal(client.status.ageMs, 0);
  });

  it("throws a candidate away whose stream ends before InSync", async () => {
    let streams = 0;
    await startScript((call) => {
      streams++;
      for (const message of COMPLETE.slice(0, -1)) call.write(messageBytes(message));
      if (streams < 3) call.end();
      else call.write(messageBytes({ kind: "in_sync" }));
    });
    const { client, store, states } = startSidecar();
    await until(() => client.status.state === "in-sync");
    assert.equal(client.status.streams, 3);
    assert.equal(store.current?.revision, 1);
    assert.equal(states.filter((state) => state === "in-sync").length, 1);
  });

  it("denies once the state is older than permitted, and no longer when the agent is back", async () => {
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    const agent = await startAgent(fanOut);
    const { client, store } = startSidecar({ maxStalenessMs: 30 });
    await until(() => client.status.state === "in-sync");
    assert.equal(store.stale, false);
    agent.close("killed");
    await until(() => store.stale);
    await startAgent(fanOut);
    await until(() => client.status.state === "in-sync");
    assert.equal(store.stale, false);
  });

  it("refuses what a broken order leaves open, says so, and synchronises anew", async () => {
    let streams = 0;
    await startScript((call) => {
      streams++;
      const messages =
        streams === 1 ? COMPLETE.filter((message) => message.kind !== "ipset_update") : COMPLETE;
      for (const message of messages) call.write(messageBytes(message));
    });
    const { client, store, problems } = startSidecar();
    await until(() => client.status.streams === 2 && client.status.state === "in-sync");
    assert.equal(store.current?.counts.ipSets, 1);
    assert.ok(problems.some((problem) => problem.includes("`s:1`")));
  });

  it("names a peer of the older wire generation, and never takes its state", async () => {
    const policy = policyMessage("p", []);
    await startScript((call) => {
      call.write(messageBytes({ ...policy, id: { ...policy.id, kind: "" } }));
      call.write(messageBytes({ kind: "in_sync" }));
    });
    const { client, store } = startSidecar();
    await until(() => client.status.lastError !== "");
    assert.match(client.status.lastError, /before 3\.32/);
    assert.equal(store.current, undefined);
  });

  it("resynchronises on bytes that are no message", async () => {
    let streams = 0;
    await startScript((call) => {
      streams++;
      call.write(streams === 1 ? Buffer.from([0xff, 0xff, 0xff]) : messageBytes(COMPLETE[0]!));
      if (streams > 1) for (const message of COMPLETE.slice(1)) call.write(messageBytes(message));
    });
    const { client } = startSidecar();
    await until(() => client.status.state === "in-sync");
    assert.equal(client.status.streams, 2);
  });

  it("does not dial what is not a socket of the agent's", async () => {
    const { client } = startSidecar();
    await until(() => client.status.lastError.includes("can't be examined"));
    assert.equal(client.status.streams, 0);
  });

  it("takes a policy of six MiB and a set of 256,000 members", async () => {
    const members = Array.from(
      { length: 256_000 },
      (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`,
    );
    const policy = policyMessage("p", ["s:1"]);
    const annotated = policy.policy.inboundRules.map((rule) => ({
      ...rule,
      annotations: new Map([["note", "x".repeat(6 * 1_024 * 1_024)]]),
    }));
    const fanOut = new FanOut();
    fanOut.apply([
      setMessage("s:1", members),
      { ...policy, policy: { ...policy.policy, inboundRules: annotated } },
      ...COMPLETE.slice(2),
    ]);
    await startAgent(fanOut);
    const { client, store } = startSidecar();
    await until(() => client.status.state === "in-sync");
    assert.equal(store.current?.counts.ipSetMembers, 256_000);
  });
});

describe("SyncServer", () => {
  it("refuses a second stream while the first is alive, and takes it when the first is gone", async () => {
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    await startAgent(fanOut);
    const first = startSidecar();
    await until(() => first.client.status.state === "in-sync");
    const second = startSidecar();
    await until(() => second.client.status.lastError.includes("another stream"));
    assert.equal(first.client.status.state, "in-sync");
    first.client.close();
    await until(() => second.client.status.state === "in-sync");
  });

  it("cuts off a client that stops reading, and nobody else waits", async () => {
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    const closed: string[] = [];
    const server = new SyncServer(systemClock, fanOut, POD, {
      opened() {},
      closed: (_endpoint, why) => closed.push(why),
      refused() {},
    });
    await server.listen(path);
    closing.push(() => server.close("the test is over"));
    const other = new StreamObserver();
    fanOut.join(POD, new Set(SYNC_FEATURES), other);
    const client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure());
    closing.push(() => client.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const call = client.makeServerStreamRequest(SYNC_PATH, same, same, Buffer.alloc(0));
    call.on("error", () => {});
    call.once("data", () => call.pause());
    await until(() => call.isPaused());
    const labels = new Map([["filler", "x".repeat(1_000)]]);
    let sent = 0;
    await until(() => {
      for (let n = 0; n < 200; n++)
        fanOut.apply([{ kind: "namespace_update", name: `n${sent++ % 7}`, labels }]);
      return closed.length > 0;
    });
    assert.match(closed[0] ?? "", /has read nothing/);
    assert.equal(server.backlog, undefined);
    assert.equal(other.messages.filter((message) => message.kind === "namespace_update").length, sent);
  });

  it("does not take a burst for a stalled client", async () => {
    const fanOut = new FanOut();
    fanOut.apply(COMPLETE);
    await startAgent(fanOut);
    const { client } = startSidecar();
    await until(() => client.status.state === "in-sync");
    const burst = Array.from(
      { length: 30_000 },
      (_, n): Message => ({ kind: "namespace_update", name: `n${n}`, labels: new Map() }),
    );
    fanOut.apply(burst);
    await until(() => client.status.messages === COMPLETE.length + burst.length);
    assert.equal(client.status.streams, 1);
  });
});
