import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Followed, PODS, POLICIES, pod, policy } from "./followed.ts";

describe("a cluster's policy over the API", () => {
  it("is told once in full, then change by change", async (test) => {
    const followed = await Followed.start(test, (api) => {
      api.put(POLICIES, policy("one"));
      api.put(PODS, pod("web", "10.0.0.1"));
    });
    assert.equal(followed.inSyncCount, 1);
    assert.deepEqual([...followed.inForce.keys()].sort(), [
      "NetworkPolicy shop/one",
      "Pod shop/web",
      "Tier default",
      "Tier kube-admin",
      "Tier kube-baseline",
    ]);
    followed.api.put(POLICIES, policy("two", 2));
    followed.api.put(POLICIES, policy("one", 7));
    await followed.until("both", () => followed.order("two") === 2 && followed.order("one") === 7);
    followed.api.remove(POLICIES, "shop/one");
    await followed.until("gone", () => !followed.has("NetworkPolicy shop/one"));
    assert.equal(followed.inSyncCount, 1);
    assert.deepEqual(followed.issues, []);
  });
});
