/** What takes an etcd, or those who follow it, many seconds to notice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EtcdServer } from "../../support/etcd-server.ts";
import { until } from "../../support/until.ts";
import { FollowedEtcd, putPolicy, setReady } from "./followed-etcd.ts";

const TIMEOUT_MS = 60_000;

describe("an etcd that stands still", () => {
  it("H9: is noticed, changes nothing, ages, and is followed on when it moves again", async (test) => {
    const etcd = await EtcdServer.start();
    test.after(() => etcd.stop());
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    const followed = await FollowedEtcd.start(test, [etcd.url]);
    await until(() => followed.isConnected);
    etcd.pause();
    await followed.until("the silence is noticed", () => followed.issues.length > 0, TIMEOUT_MS);
    assert.equal(followed.isConnected, false);
    assert.equal(followed.order("a"), 1);
    const { ageMs } = followed.datastore.health();
    assert.ok(ageMs > 5_000 && ageMs < TIMEOUT_MS, String(ageMs));
    etcd.resume();
    await putPolicy(etcd, "a", 2);
    await followed.until("it is followed on", () => followed.order("a") === 2, TIMEOUT_MS);
    await until(() => followed.isConnected && followed.issues.length === 0);
  });
});

describe("an etcd of three members", () => {
  it("is followed while there is a majority, and what was told stays while there is none", async (test) => {
    const members = await EtcdServer.startMembers(3);
    test.after(() => Promise.all(members.map((member) => member.stop())));
    const [first, second, third] = members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    await setReady(third);
    await putPolicy(third, "a", 1);
    const urls = members.map(({ url }) => url);
    const followed = await FollowedEtcd.start(test, urls);
    await first.kill();
    await put(third, 2);
    await followed.until("another member is asked", () => followed.order("a") === 2, TIMEOUT_MS);
    await until(() => followed.isConnected, TIMEOUT_MS);
    await second.kill();
    await followed.until("the loss of the leader is told", () => followed.issues.length > 0, TIMEOUT_MS);
    assert.equal(followed.isConnected, false);
    assert.equal(followed.order("a"), 2);
    await second.run();
    await put(third, 3);
    await followed.until("it is followed on", () => followed.order("a") === 3, TIMEOUT_MS);
    third.pause();
    await put(second, 4, true);
    await first.run();
    await put(second, 4);
    await followed.until("one that stands still is left", () => followed.order("a") === 4, TIMEOUT_MS);
    third.resume();
    await until(() => followed.isConnected && followed.issues.length === 0, TIMEOUT_MS);
    assert.equal(followed.inSyncCount, 1);
  });
});

/** A cluster that lost a member has to agree on a leader first. */
async function put(etcd: EtcdServer, order: number, mayFail = false): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await putPolicy(etcd, "a", order);
    } catch (error) {
      if (mayFail) return;
      if (performance.now() > deadlineMs) throw error;
    }
  }
}
