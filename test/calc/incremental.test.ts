import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CalcGraph, type LocalEndpoint } from "../../src/calc/graph.ts";
import type { Resource, ResourceUpdate } from "../../src/datastore/resources.ts";
import { referencedSets } from "../../src/sync/references.ts";
import { Folded, policyText } from "./fold.ts";
import { history, remaining } from "./histories.ts";
import { put } from "./make.ts";

const RUNS = Number(process.env["EPHOR_RUNS"] ?? 250);

const LOCAL: LocalEndpoint[][] = [
  [{ kind: "pod", namespace: "a", name: "p" }],
  [{ kind: "host-endpoint", name: "q" }],
  [{ kind: "node", name: "node-1" }],
];
const local = fc.constantFrom(...LOCAL);

function create(endpoints: readonly LocalEndpoint[]): CalcGraph {
  return new CalcGraph({ local: endpoints, inventory: "complete" });
}

/** Everything that a graph says about these resources when it sees nothing else, ever. */
function fromScratch(endpoints: readonly LocalEndpoint[], resources: readonly Resource[]): CalcGraph {
  const graph = create(endpoints);
  graph.apply(put(...resources));
  graph.setInSync();
  return graph;
}

function follow(graph: CalcGraph, batches: readonly (readonly ResourceUpdate[])[]): Folded {
  const folded = new Folded();
  graph.setInSync();
  for (const batch of batches) {
    graph.apply(batch);
    folded.apply(graph.flush());
  }
  return folded;
}

describe("after any history", () => {
  it("the sum of the messages is what a calculation from scratch says, and every flush keeps the order", () => {
    fc.assert(
      fc.property(local, history, (endpoints, batches) => {
        const graph = create(endpoints);
        const folded = follow(graph, batches);
        const scratch = fromScratch(endpoints, remaining(batches));
        assert.deepEqual(folded.state(), new Folded().apply(scratch.flush()).state());
        assert.deepEqual(graph.issues(), scratch.issues());
      }),
      { numRuns: RUNS },
    );
  });

  it("it makes no difference how the changes were cut into flushes", () => {
    fc.assert(
      fc.property(local, history, (endpoints, batches) => {
        const folded = follow(create(endpoints), batches);
        assert.deepEqual(folded.state(), follow(create(endpoints), [batches.flat()]).state());
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });

  it("taking everything away takes back everything that was said", () => {
    fc.assert(
      fc.property(local, history, (endpoints, batches) => {
        const removes = remaining(batches).map((resource) => put(resource)[0] as ResourceUpdate);
        const last = removes.map(({ key }): ResourceUpdate => ({ kind: "delete", key }));
        const folded = follow(create(endpoints), [...batches, last]);
        assert.deepEqual(folded.state(), new Folded().state());
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });

  it("putting everything again as it is says nothing", () => {
    fc.assert(
      fc.property(local, history, (endpoints, batches) => {
        const graph = create(endpoints);
        follow(graph, batches);
        graph.apply(put(...structuredClone(remaining(batches))));
        assert.deepEqual(graph.flush(), []);
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });

  it("the view holds what the messages said, and each set that is referred to", () => {
    fc.assert(
      fc.property(local, history, (endpoints, batches) => {
        const graph = create(endpoints);
        const folded = follow(graph, batches);
        const { view } = graph;
        const viewed = new Folded();
        const listed = [...view.endpoints()];
        for (const { id, endpoint } of listed) {
          for (const tier of endpoint.tiers) {
            for (const policyId of [...tier.ingressPolicies, ...tier.egressPolicies]) {
              const policy = view.policy(policyId);
              assert.deepEqual(policy, folded.policies.get(policyText(policyId)));
              for (const setId of policy === undefined ? [] : referencedSets(policy)) {
                const set = view.ipSet(setId);
                assert.deepEqual([...(set?.members ?? ["absent"])].sort(), folded.members(setId));
              }
            }
          }
          for (const name of endpoint.profileIds) {
            assert.deepEqual(view.profile(name), folded.profiles.get(name));
          }
          viewed.endpoints.set(`${id.orchestratorId} ${id.workloadId} ${id.endpointId}`, endpoint);
        }
        viewed.apply(view.identities());
        assert.deepEqual(viewed.endpoints, folded.endpoints);
        assert.deepEqual(viewed.serviceAccounts, folded.serviceAccounts);
        assert.deepEqual(viewed.namespaces, folded.namespaces);
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    );
  });
});

describe("the random histories", () => {
  it("are about something: most end with an endpoint, policies and members", () => {
    let withEndpoint = 0;
    let withPolicies = 0;
    let withMembers = 0;
    const samples = fc.sample(fc.tuple(local, history), { numRuns: 200, seed: 1 });
    for (const [endpoints, batches] of samples) {
      const folded = follow(create(endpoints), batches);
      if (folded.endpoints.size > 0) withEndpoint++;
      if (folded.policies.size > 0) withPolicies++;
      if ([...folded.sets.values()].some((set) => set.members.size > 0)) withMembers++;
    }
    assert.ok(withEndpoint > 100, `${withEndpoint} of 200 with an endpoint`);
    assert.ok(withPolicies > 100, `${withPolicies} of 200 with policies`);
    assert.ok(withMembers > 60, `${withMembers} of 200 with members`);
  });
});
