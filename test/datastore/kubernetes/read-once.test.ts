import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { KubernetesDatastore } from "../../../src/datastore/kubernetes/kubernetes-datastore.ts";
import { readOnce } from "../../../src/datastore/read-once.ts";
import { POLICIES, policy } from "./followed.ts";
import { ScriptedApi, sendStatus } from "./scripted-api.ts";

describe("a cluster that is read once", () => {
  it("is all that is in force, with every issue", async (test) => {
    const api = await ScriptedApi.start(test);
    api.put(POLICIES, policy("good"));
    api.put(POLICIES, policy("bad", "first"));
    const { isRead, objectCount, resources, issues } = await readOnce(await datastoreOf(api), "it", 10_000);
    assert.equal(isRead, true);
    assert.equal(objectCount, 2);
    assert.equal(resources.length, 5, "the tiers that always exist too");
    assert.deepEqual(
      issues.map(({ where, severity }) => [where, severity]),
      [["NetworkPolicy shop/bad spec.order", "error"]],
    );
  });

  it("that can't be read in time says why", async (test) => {
    const api = await ScriptedApi.start(test);
    api.script = (_request, response, url) =>
      url.pathname === POLICIES && sendStatus(response, 403, "not for you");
    const { isRead, issues } = await readOnce(await datastoreOf(api), "it", 1_000);
    assert.equal(isRead, false);
    assert.match(issues.map(({ message }) => message).join(), /not for you/);
  });
});

async function datastoreOf(api: ScriptedApi): Promise<KubernetesDatastore> {
  return new KubernetesDatastore(systemClock, { access: await api.access(), random: Math.random });
}
