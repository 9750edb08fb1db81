import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { ADDRESS_IPV4, Flow } from "../../src/policy/flow.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { type Snapshot, SnapshotStore } from "../../src/policy/snapshot.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { PolicySyncClient } from "../../src/sync/sync-client.ts";
import { SyncServer } from "../../src/sync/sync-server.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { endpointId, policyMessage, profileMessage, setMessage } from "./node-history.ts";
import { until } from "./until.ts";

const POD = endpointId("pod-0");
/** Requests from these last octets of 10.0.0.0/24 are asked about. */
const CALLERS = [0, 1, 2, 3, 4, 5, 6, 7];

/** Seeded: the run is the same each time. */
export function createPick(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % count;
  };
}

/**
 * Two policies and two sets: one policy lets a set pass to the next tier, where the other allows one. Each step changes several of them at
 * once, so that half a step would often allow what neither side of it does.
 */
export class Script {
  readonly #pick: (count: number) => number;
  #members: readonly [Set<number>, Set<number>] = [new Set([1, 2]), new Set([2, 3])];
  #uses: readonly [number, number] = [0, 1];
  #first = true;

  constructor(pick: (count: number) => number) {
    this.#pick = pick;
  }

  step(): Message[] {
    const before = this.#members;
    this.#members = [this.#someCallers(), this.#someCallers()];
    this.#uses = [this.#pick(2), this.#pick(2)];
    const messages: Message[] = [];
    for (const index of [0, 1] as const) {
      const [old, now] = [before[index], this.#members[index]];
      if (this.#first) messages.push(setMessage(`s:${index}`, [...now].map(cidr)));
      else {
        messages.push({
          kind: "ipset_delta_update",
          id: `s:${index}`,
          addedMembers: [...now].filter((caller) => !old.has(caller)).map(cidr),
          removedMembers: [...old].filter((caller) => !now.has(caller)).map(cidr),
        });
      }
    }
    const gate = policyMessage("gate", [`s:${this.#uses[0]}`]);
    const rules = gate.policy.inboundRules.map((rule) => ({ ...rule, action: "next-tier" }));
    messages.push({ ...gate, policy: { ...gate.policy, inboundRules: rules } });
    messages.push(policyMessage("door", [`s:${this.#uses[1]}`]));
    if (this.#first)
      messages.push(profileMessage("kns.x", ["s:0", "s:1"]), endpointUpdate(), { kind: "in_sync" });
    this.#first = false;
    return messages;
  }

  /** Who is allowed by the whole of the last step: in both policies' sets. */
  allowed(): ReadonlySet<number> {
    const [gate, door] = [this.#members[this.#uses[0] as 0 | 1], this.#members[this.#uses[1] as 0 | 1]];
    return new Set([...gate].filter((caller) => door.has(caller)));
  }

  #someCallers(): Set<number> {
    return new Set(CALLERS.filter(() => this.#pick(2) === 0));
  }
}

function cidr(caller: number): string {
  return `10.0.0.${caller}/32`;
}

function endpointUpdate(): Message {
  const tier = (name: string): object => ({
    name,
    ingressPolicies: [policyMessage(name, []).id],
    egressPolicies: [],
    defaultAction: "Deny",
  });
  const tiers = [tier("gate"), tier("door")] as Extract<
    Message,
    { kind: "workload_endpoint_update" }
  >["endpoint"]["tiers"];
  return {
    kind: "workload_endpoint_update",
    id: POD,
    endpoint: { state: "active", name: "", profileIds: ["kns.x"], ipv4Nets: [], ipv6Nets: [], tiers },
  };
}

export function allowedBy(snapshot: Snapshot): ReadonlySet<number> {
  return new Set(
    CALLERS.filter((caller) => {
      const flow = new Flow();
      flow.sourceFamily = ADDRESS_IPV4;
      flow.source0 = 0x0a00_0000 + caller;
      return evaluateSnapshot(snapshot, flow).allowed;
    }),
  );
}

/**
 * Follows a scripted agent over a stream that is cut, delayed and torn to pieces `cuts` times.
 *
 * Fails where the sidecar does not come to the truth after a cut, or is ever in a state that the agent was never in.
 */
export async function followThroughFaults(cuts: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "ephor-faults-"));
  const pick = createPick(20_261_121);
  const script = new Script(pick);
  const fanOut = new FanOut();
  const agent = new SyncServer(systemClock, fanOut, POD, { opened() {}, closed() {}, refused() {} });
  const proxy = new FaultProxy(join(directory, "agent"), () => ({
    // A stream's first state takes some 1,200 bytes: cuts fall before InSync, at it, and into later changes.
    cutAfterBytes: 1 + pick(2_500),
    pieceBytes: [1, 9, 64, 4_096][pick(4)]!,
    // Nobody reads for a while after what arrived first.
    stallMs: [0, 0, 0, 4][pick(4)]!,
  }));
  const store = new SnapshotStore();
  /** Every state that the agent was in, as text. */
  const truths = new Set<string>();
  const strange: string[] = [];
  const client = new PolicySyncClient(
    systemClock,
    store,
    {
      stateChanged() {},
      problem() {},
      published: (snapshot) => {
        const seen = [...allowedBy(snapshot)].join();
        if (!truths.has(seen)) strange.push(seen);
      },
    },
    {
      path: join(directory, "proxy"),
      policy: DEFAULT_POLICY_OPTIONS,
      maxStalenessMs: undefined,
      ownUid: process.getuid?.() ?? 0,
    },
    () => 0,
  );
  try {
    await agent.listen(join(directory, "agent"));
    await proxy.listen(join(directory, "proxy"));
    const step = (): void => {
      const messages = script.step();
      truths.clear();
      for (const truth of [[...previous].join(), [...script.allowed()].sort().join()]) truths.add(truth);
      previous = new Set([...script.allowed()].sort());
      fanOut.apply(messages);
    };
    let previous: ReadonlySet<number> = new Set();
    step();
    client.start();
    let changes = 0;
    while (proxy.cuts < cuts) {
      const truth = [...previous].join();
      await until(
        () => store.current !== undefined && [...allowedBy(store.current)].join() === truth,
        30_000,
      );
      step();
      changes++;
    }
    assert.deepEqual(strange, []);
    assert.ok(changes > cuts / 20, `${changes} changes got through between the cuts`);
  } finally {
    client.close();
    proxy.close();
    agent.close("the test is over");
    rmSync(directory, { recursive: true });
  }
}
