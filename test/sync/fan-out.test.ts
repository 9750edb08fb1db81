import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Message } from "../../src/policy/messages.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { SYNC_FEATURES, type SyncFeature } from "../../src/sync/features.ts";
import {
  endpointId,
  NodeHistory,
  policyMessage,
  profileMessage,
  setMessage,
} from "../support/node-history.ts";
import { StreamObserver } from "../support/stream-observer.ts";

const ALL_FEATURES: ReadonlySet<SyncFeature> = new Set(SYNC_FEATURES);
const NO_FEATURES: ReadonlySet<SyncFeature> = new Set();

function joined(
  fanOut: FanOut,
  name: string,
  features: ReadonlySet<SyncFeature> = ALL_FEATURES,
): StreamObserver {
  const observer = new StreamObserver();
  fanOut.join(endpointId(name), features, observer);
  return observer;
}

describe("FanOut", () => {
  it("keeps every guarantee of the order on every stream, whatever happens and whenever one joins", () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (choices) => {
        const history = new NodeHistory();
        const fanOut = new FanOut();
        const streams = new Map<string, StreamObserver>();
        for (const choice of choices) {
          fanOut.apply(history.step(choice));
          const name = `pod-${choice % 3}`;
          if (choice % 5 === 0) streams.set(name, joined(fanOut, name));
        }
        for (const [name, stream] of streams) {
          if (stream.ended) continue;
          compared++;
          assert.deepEqual(stream.state(), history.expectedState(endpointId(name)));
        }
      }),
      { numRuns: Number(process.env["EPHOR_RUNS"] ?? 500) },
    );
    assert.ok(compared > 100, "most histories leave a stream to compare");
  });

  it("sends InSync once, after the first complete state, and at once to who joins later", () => {
    const fanOut = new FanOut();
    const early = joined(fanOut, "pod-0");
    fanOut.apply([setMessage("s:1", ["10.0.0.1/32"]), ...endpointWith("s:1"), { kind: "in_sync" }]);
    fanOut.apply([{ kind: "in_sync" }]);
    const late = joined(fanOut, "pod-0");
    const unknown = joined(fanOut, "pod-9");
    assert.deepEqual(kinds(early.messages), kinds(late.messages));
    assert.deepEqual(kinds(early.messages).slice(-2), ["workload_endpoint_update", "in_sync"]);
    assert.deepEqual(kinds(unknown.messages), ["in_sync"]);
  });

  it("sends no delta of a set to an endpoint that does not use it", () => {
    const fanOut = new FanOut();
    fanOut.apply([setMessage("s:1", []), setMessage("s:2", []), ...endpointWith("s:1"), { kind: "in_sync" }]);
    const stream = joined(fanOut, "pod-0");
    const before = stream.messages.length;
    fanOut.apply([delta("s:2", ["10.0.0.2/32"])]);
    assert.equal(stream.messages.length, before);
    fanOut.apply([delta("s:1", ["10.0.0.1/32"])]);
    assert.equal(stream.messages.length, before + 1);
  });

  it("ends the stream of an endpoint that goes away, and sends it nothing more", () => {
    const fanOut = new FanOut();
    fanOut.apply([setMessage("s:1", []), ...endpointWith("s:1"), { kind: "in_sync" }]);
    const stream = joined(fanOut, "pod-0");
    fanOut.apply([{ kind: "workload_endpoint_remove", id: endpointId("pod-0") }]);
    fanOut.apply([{ kind: "namespace_update", name: "n", labels: new Map() }]);
    assert.equal(stream.ended, true);
    assert.equal(stream.messages.at(-1)?.kind, "workload_endpoint_remove");
  });

  it("splits a set over the limit into an update and deltas that only add", () => {
    const members = Array.from(
      { length: 200_000 },
      (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`,
    );
    const fanOut = new FanOut();
    fanOut.apply([setMessage("s:1", members), ...endpointWith("s:1"), { kind: "in_sync" }]);
    const stream = joined(fanOut, "pod-0");
    assert.deepEqual(kinds(stream.messages).slice(0, 3), [
      "ipset_update",
      "ipset_delta_update",
      "ipset_delta_update",
    ]);
    assert.equal(stream.state().sets["s:1"]?.length, members.length);
  });
});

describe("FanOut, for a client that did not announce a feature", () => {
  const unusable: Message = policyMessage("p", ["s:1"], "a selector that does not parse");

  it("sends an endpoint that denies in place of rules it would read more widely", () => {
    const fanOut = new FanOut();
    fanOut.apply([
      setMessage("s:1", []),
      unusable,
      profileMessage("kns.x", []),
      endpoint("pod-0"),
      { kind: "in_sync" },
    ]);
    const old = joined(fanOut, "pod-0", NO_FEATURES);
    const current = joined(fanOut, "pod-0");
    assert.deepEqual(old.refusals, ["unusable"]);
    assert.deepEqual(old.state().endpoint?.profileIds, []);
    assert.deepEqual(
      old.state().endpoint?.tiers.map((tier) => tier.defaultAction),
      ["Deny"],
    );
    assert.deepEqual(
      Object.values(old.state().policies).map((policy) => policy.unusable),
      [""],
    );
    assert.deepEqual(current.refusals, []);
    assert.equal(
      current.state().policies["GlobalNetworkPolicy//p"]?.unusable,
      "a selector that does not parse",
    );
  });

  it("gives the real endpoint back once nothing needs the feature any more, and takes it away again", () => {
    const fanOut = new FanOut();
    fanOut.apply([
      setMessage("s:1", []),
      unusable,
      profileMessage("kns.x", []),
      endpoint("pod-0"),
      { kind: "in_sync" },
    ]);
    const old = joined(fanOut, "pod-0", NO_FEATURES);
    fanOut.apply([policyMessage("p", ["s:1"])]);
    assert.deepEqual(old.state().endpoint?.profileIds, ["kns.x"]);
    assert.deepEqual(Object.keys(old.state().policies), ["GlobalNetworkPolicy//p"]);
    fanOut.apply([unusable]);
    assert.deepEqual(old.state().endpoint?.profileIds, []);
    assert.equal("GlobalNetworkPolicy//p" in old.state().policies, false);
  });

  it("does so for a set whose inventory is incomplete, too", () => {
    const fanOut = new FanOut();
    fanOut.apply([
      setMessage("s:1", [], true),
      policyMessage("p", ["s:1"]),
      profileMessage("kns.x", []),
      endpoint("pod-0"),
    ]);
    assert.deepEqual(joined(fanOut, "pod-0", NO_FEATURES).refusals, ["incomplete"]);
    assert.deepEqual(joined(fanOut, "pod-0", new Set<SyncFeature>(["unusable"])).refusals, ["incomplete"]);
    assert.deepEqual(joined(fanOut, "pod-0", new Set<SyncFeature>(["incomplete"])).refusals, []);
  });

  it("does so for a rule that names identities, which it would read as one for everybody", () => {
    const policy = policyMessage("p", ["s:1"]);
    const inboundRules = policy.policy.inboundRules.map((rule) => ({
      ...rule,
      source: {
        ...rule.source,
        identityMatch: { ids: ["spiffe://partner.example/shop"], prefixes: [], trustDomains: [] },
      },
    }));
    const fanOut = new FanOut();
    fanOut.apply([
      setMessage("s:1", []),
      { ...policy, policy: { ...policy.policy, inboundRules } },
      profileMessage("kns.x", []),
      endpoint("pod-0"),
    ]);
    assert.deepEqual(joined(fanOut, "pod-0", new Set<SyncFeature>(["unusable", "incomplete"])).refusals, [
      "identities",
    ]);
    assert.deepEqual(joined(fanOut, "pod-0").refusals, []);
  });
});

function endpointWith(setId: string): Message[] {
  return [policyMessage("p", [setId]), profileMessage("kns.x", []), endpoint("pod-0")];
}

function endpoint(name: string): Message {
  return {
    kind: "workload_endpoint_update",
    id: endpointId(name),
    endpoint: {
      state: "active",
      name: "",
      profileIds: ["kns.x"],
      ipv4Nets: [],
      ipv6Nets: [],
      tiers: [
        {
          name: "default",
          ingressPolicies: [{ kind: "GlobalNetworkPolicy", namespace: "", name: "p" }],
          egressPolicies: [],
          defaultAction: "Deny",
        },
      ],
    },
  };
}

function delta(id: string, addedMembers: readonly string[]): Message {
  return { kind: "ipset_delta_update", id, addedMembers, removedMembers: [] };
}

function kinds(messages: readonly Message[]): string[] {
  return messages.map((message) => message.kind);
}
