/** Thousands of changes in files and in an etcd, through all that can happen to it, over and over. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../../support/until.ts";
import { FollowedHistory } from "./followed-history.ts";
import { EtcdStore, FileStore } from "./history-stores.ts";

const STEPS = Number(process.env["EPHOR_HISTORY_STEPS"] ?? 3_000);
const SEED = Number(process.env["EPHOR_SEED"] ?? 2);
const LOSS_TIMEOUT_MS = 60_000;

describe("a long history in files", () => {
  it("is followed", async (test) => {
    const followed = await FollowedHistory.start(await FileStore.create(), SEED, true);
    test.after(() => followed.close());
    for (let quiet = 0; quiet < 10; quiet++) {
      await followed.steps(STEPS / 10);
      await followed.holds();
    }
  });
});

describe("a long history in an etcd", () => {
  let followed: FollowedHistory<EtcdStore>;

  before(async () => {
    followed = await FollowedHistory.start(await EtcdStore.create(), SEED, false);
  });
  after(() => followed?.close());

  it("is followed through kills, compactions and cuts, in turn", async () => {
    const { etcd, proxy } = followed.store;
    for (let round = 0; round < 10; round++) {
      await followed.steps(STEPS / 40);
      proxy.cut();
      await followed.steps(STEPS / 40);
      await etcd.kill();
      await etcd.run();
      await followed.steps(STEPS / 40);
      proxy.isStalled = true;
      proxy.cut();
      await followed.steps(STEPS / 40);
      await etcd.compact();
      proxy.isStalled = false;
      proxy.cut();
      await followed.holds();
    }
  });

  it("and through an etcd that stands still", async () => {
    const { etcd } = followed.store;
    await until(() => followed.datastore.health().isConnected, LOSS_TIMEOUT_MS);
    etcd.pause();
    await until(() => !followed.datastore.health().isConnected, LOSS_TIMEOUT_MS);
    assert.ok(followed.listener.inForce.size > 0);
    etcd.resume();
    await followed.steps(100);
    await followed.holds();
  });
});
