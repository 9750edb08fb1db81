/** Hazards of following a cluster (docs/datastores.md) that no other test of the datastore is named after. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../support/until.ts";
import { Followed, PODS, POLICIES, pod, policy } from "./followed.ts";
import { type Json, sendStatus } from "./scripted-api.ts";

const NAMESPACES = "/api/v1/namespaces";
const ACCOUNTS = "/api/v1/serviceaccounts";
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";

function slice(service: string, address: string): Json {
  return {
    metadata: { name: "s", namespace: "shop", labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  };
}

describe("hazards of following a cluster", () => {
  it("H3: namespaces and service accounts are followed from a place each: neither loses what the other's watch missed", async (test) => {
    const followed = await Followed.start(test, (api) => {
      api.put(NAMESPACES, { metadata: { name: "shop" } });
      api.put(ACCOUNTS, { metadata: { name: "web", namespace: "shop" } });
    });
    const { api } = followed;
    await followed.until("both watches", () => api.watchCount(NAMESPACES) + api.watchCount(ACCOUNTS) === 2);
    // Accounts go on, namespaces are cut off; then one of each is deleted.
    api.script = (_request, response, url) =>
      url.pathname === NAMESPACES && sendStatus(response, 503, "away", { "retry-after": "1" });
    api.endWatches(NAMESPACES);
    api.put(ACCOUNTS, { metadata: { name: "api", namespace: "shop" } });
    await followed.until("accounts go on", () => followed.has("ServiceAccount shop/api"));
    api.remove(NAMESPACES, "shop");
    api.remove(ACCOUNTS, "shop/web");
    await followed.until("the account is gone", () => !followed.has("ServiceAccount shop/web"));
    assert.ok(followed.has("Namespace shop"));
    api.script = () => false;
    await followed.until("the namespace is gone", () => !followed.has("Namespace shop"));
    assert.ok(followed.has("ServiceAccount shop/api"));
  });

  it("H6: a slice's addresses are those that its writer gives, of the service that it names, and go with it", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(SLICES, slice("db", "10.0.0.1")));
    const found = (): string => JSON.stringify(followed.inForce.get("EndpointSlice shop/s") ?? "none");
    const [first, second] = ["167772161", "167772162"]; // 10.0.0.1 and 10.0.0.2 as numbers
    assert.ok(found().includes('"db"') && found().includes(first), found());
    followed.api.put(SLICES, slice("web", "10.0.0.2"));
    await followed.until("it moved", () => found().includes('"web"'));
    assert.ok(!found().includes('"db"') && !found().includes(first) && found().includes(second), found());
    followed.api.remove(SLICES, "shop/s");
    await followed.until("it is gone", () => found() === '"none"');
  });

  it("H8: an address is whose pod's status says it is, at each moment: of both, then of the new one alone", async (test) => {
    const followed = await Followed.start(test, (api) =>
      api.put(PODS, pod("old", "10.0.0.1", { app: "old" })),
    );
    followed.api.put(PODS, pod("new", "10.0.0.1", { app: "new" }));
    await followed.until("the new one is there", () => followed.has("Pod shop/new"));
    assert.ok(followed.has("Pod shop/old"));
    followed.api.remove(PODS, "shop/old");
    await followed.until("the old one is gone", () => !followed.has("Pod shop/old"));
    assert.ok(followed.has("Pod shop/new"));
  });

  it("H9: while the server is away what was told stays, and its age grows and is told", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    const { api, datastore } = followed;
    await until(() => datastore.health().isConnected);
    api.script = (request) => {
      request.socket.destroy();
      return true;
    };
    api.cut();
    await followed.until("it is said", () => followed.issues.some(({ code }) => code === "unreadable"));
    const first = datastore.health();
    assert.ok(!first.isConnected);
    await until(() => datastore.health().ageMs > first.ageMs + 20);
    assert.ok(followed.has("NetworkPolicy shop/one"));
    api.script = () => false;
    await followed.until("it is back", () => datastore.health().isConnected && followed.issues.length === 0);
    assert.ok(datastore.health().ageMs < first.ageMs + 60_000);
  });

  for (const [what, path] of [
    ["pods", PODS],
    ["namespaces", NAMESPACES],
    ["policies", POLICIES],
  ] as const) {
    it(`H10: nothing counts as complete before the last kind was listed: ${what}`, async (test) => {
      let held: (() => void) | undefined;
      const followed = await Followed.begin(test, (api) => {
        api.put(POLICIES, policy("one"));
        api.script = (_request, response, url) => {
          if (url.pathname !== path || url.searchParams.get("watch") === "1") return false;
          held = () => sendStatus(response, 503, "not yet", { "retry-after": "0" });
          return true;
        };
      });
      const watched = path === POLICIES ? PODS : POLICIES;
      await until(() => followed.api.watchCount(watched) === 1 && held !== undefined);
      assert.equal(followed.inSyncCount, 0);
      assert.equal(followed.datastore.health().ageMs, Number.POSITIVE_INFINITY);
      followed.api.script = () => false;
      held?.();
      await followed.started;
      assert.equal(followed.inSyncCount, 1);
      assert.ok(followed.has("NetworkPolicy shop/one"));
    });
  }
});
