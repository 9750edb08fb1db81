/** Kinds that go away while they are followed; long, since going away has to be said twice, seconds apart. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Followed, POLICIES, policy } from "./followed.ts";
import { sendStatus, V1 } from "./scripted-api.ts";

describe("a kind that was there", () => {
  it("is gone once a well server has said so twice", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    const { api } = followed;
    api.groups = { [V1]: ["clusterinformations"] };
    api.script = (_request, response, url) =>
      url.pathname === POLICIES && sendStatus(response, 404, "page not found");
    const beganMs = performance.now();
    api.cut();
    await followed.until("it is gone", () => !followed.has("NetworkPolicy shop/one"), 30_000);
    assert.ok(performance.now() - beganMs >= 4_900, `${performance.now() - beganMs} ms`);
  });

  it("stays if the server says otherwise the second time", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    const { api } = followed;
    const { groups } = api;
    api.groups = { [V1]: ["clusterinformations"] };
    let refusals = 0;
    api.script = (_request, response, url) => {
      if (url.pathname !== POLICIES || api.groups === groups) return false;
      if (++refusals === 1) setTimeout(() => (api.groups = groups), 2_000);
      return sendStatus(response, 404, "page not found");
    };
    api.cut();
    api.put(POLICIES, policy("two"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/two"), 30_000);
    assert.ok(refusals > 0);
    const removed = followed.batches.flat().filter(({ kind }) => kind === "delete");
    assert.deepEqual(removed, []);
  });
});
