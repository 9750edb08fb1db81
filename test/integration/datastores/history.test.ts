/** One history of a cluster in every store that needs no cluster, followed through what can happen to each. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { calculateFromScratch, readObjects } from "../../support/calculating.ts";
import { until } from "../../support/until.ts";
import { FollowedHistory, LOCAL } from "./followed-history.ts";
import { EtcdStore, FileStore } from "./history-stores.ts";

const STEPS = Number(process.env["EPHOR_HISTORY_STEPS"] ?? 200);
const SEED = Number(process.env["EPHOR_SEED"] ?? 1);
const LOSS_TIMEOUT_MS = 30_000;

describe("a cluster's history in files", () => {
  let followed: FollowedHistory<FileStore>;

  before(async () => {
    followed = await FollowedHistory.start(await FileStore.create(), SEED, true);
  });
  after(() => followed?.close());

  it("is followed from quiet point to quiet point", async () => {
    for (let quiet = 0; quiet < 5; quiet++) {
      await followed.steps(STEPS / 5);
      await followed.holds();
    }
    const { policies, sets } = followed.listener.folded;
    assert.ok(policies.size > 0 && sets.size > 0, "the history says something");
  });
});

describe("a cluster's history in an etcd", () => {
  let followed: FollowedHistory<EtcdStore>;

  before(async () => {
    followed = await FollowedHistory.start(await EtcdStore.create(), SEED, false);
  });
  after(() => followed?.close());

  it("is followed from the first list on", async () => {
    await followed.steps(STEPS);
    await followed.holds();
    const { policies, sets } = followed.listener.folded;
    assert.ok(policies.size > 0 && sets.size > 0, "the history says something");
  });

  it("and through connections that are cut", async () => {
    for (let cut = 0; cut < 5; cut++) {
      await followed.steps(STEPS / 5);
      followed.store.proxy.cut();
    }
    await followed.holds();
  });

  it("and through an etcd that is killed and started again", async () => {
    const { etcd } = followed.store;
    await followed.steps(STEPS / 3);
    await followed.holds();
    const known = followed.listener.inForce.size;
    await etcd.kill();
    await until(() => !followed.datastore.health().isConnected, LOSS_TIMEOUT_MS);
    assert.equal(followed.listener.inForce.size, known, "nothing is taken away while nobody answers");
    await etcd.run();
    await followed.steps(STEPS / 3);
    await followed.holds();
    await until(() => followed.datastore.health().isConnected, LOSS_TIMEOUT_MS);
  });

  it("and through changes that were made and forgotten while it was away", async () => {
    const { etcd, proxy } = followed.store;
    proxy.isStalled = true;
    proxy.cut();
    await followed.steps(STEPS / 3);
    await etcd.compact();
    await followed.steps(5);
    proxy.isStalled = false;
    proxy.cut();
    await followed.holds();
  });
});

describe("one history", () => {
  it("means the same messages in files and in an etcd", async (test) => {
    const files = await FollowedHistory.start(await FileStore.create(), SEED + 1, false);
    test.after(() => files.close());
    const etcd = await FollowedHistory.start(await EtcdStore.create(), SEED + 1, false);
    test.after(() => etcd.close());
    for (let quiet = 0; quiet < 3; quiet++) {
      for (const each of [files, etcd]) {
        await each.steps(STEPS / 5);
        await each.holds();
      }
      assert.deepEqual(etcd.listener.said, files.listener.said);
      assert.deepEqual(files.listener.said, calculateFromScratch(readObjects(files.history.objects), LOCAL));
    }
  });
});
