/** The datastore on a real etcd, through what happens to one. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { etcdAccess } from "../../../src/datastore/etcd/etcd-access.ts";
import { EtcdDatastore } from "../../../src/datastore/etcd/etcd-datastore.ts";
import { readOnce } from "../../../src/datastore/read-once.ts";
import { CuttingProxy } from "../../control-plane/cutting-proxy.ts";
import { EtcdServer, tlsFiles } from "../../support/etcd-server.ts";
import { until } from "../../support/until.ts";
import { endpointOf, FollowedEtcd, policyKey, putPolicy, setReady } from "./followed-etcd.ts";

const TIMEOUT_MS = 30_000;

describe("an etcd that is followed", () => {
  let etcd: EtcdServer;

  beforeEach(async () => {
    etcd = await EtcdServer.start();
  });
  afterEach(() => etcd.stop());

  it("is not read before ClusterInformation says that it can be", async (test) => {
    await putPolicy(etcd, "a", 1);
    const followed = FollowedEtcd.begin(test, [etcd.url]);
    await followed.until("it says why it waits", () => followed.issues.length > 0);
    assert.match(followed.issues[0]?.message ?? "", /datastoreReady/);
    await setReady(etcd, false);
    await putPolicy(etcd, "b", 2);
    assert.equal(followed.inForce.size, 0);
    assert.equal(followed.datastore.health().ageMs, Number.POSITIVE_INFINITY);
    await setReady(etcd);
    await followed.started;
    assert.deepEqual([followed.order("a"), followed.order("b")], [1, 2]);
    assert.deepEqual(followed.issues, []);
    await until(() => followed.isConnected);
    assert.equal(followed.inSyncCount, 1);
  });

  it("keeps what was told when ClusterInformation takes that back, and is listed anew afterwards", async (test) => {
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    await putPolicy(etcd, "b", 1);
    const followed = await FollowedEtcd.start(test, [etcd.url]);
    await setReady(etcd, false);
    await followed.until("it says so", () => followed.issues.length === 1);
    assert.equal(followed.isConnected, false);
    await etcd.delete(policyKey("a"));
    await putPolicy(etcd, "b", 2);
    assert.deepEqual([followed.order("a"), followed.order("b")], [1, 1]);
    await setReady(etcd);
    await followed.until("it is read again", () => followed.order("b") === 2);
    assert.equal(followed.order("a"), undefined);
    await followed.until("it is well", () => followed.issues.length === 0);
    assert.equal(followed.inSyncCount, 1);
  });

  it("tells changes in the order in which they were made", async (test) => {
    await setReady(etcd);
    const followed = await FollowedEtcd.start(test, [etcd.url]);
    for (let order = 1; order <= 50; order++) await putPolicy(etcd, "a", order);
    await etcd.delete(policyKey("a"));
    await putPolicy(etcd, "b", 1);
    await followed.until("all is told", () => followed.order("b") === 1);
    assert.equal(followed.order("a"), undefined);
    const { isConnected, ageMs } = followed.datastore.health();
    assert.ok(isConnected && ageMs < TIMEOUT_MS);
  });

  it("goes on where it was after a cut, and after a kill, with all that it knows", async (test) => {
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    const proxy = await CuttingProxy.start(etcd.port);
    test.after(() => proxy.close());
    const followed = await FollowedEtcd.start(test, [`http://127.0.0.1:${proxy.port}`]);
    proxy.cut();
    await putPolicy(etcd, "a", 2);
    await followed.until("a cut is got over", () => followed.order("a") === 2);
    await followed.until("what was told of the cut is taken back", () => followed.issues.length === 0);
    await etcd.kill();
    await followed.until("the loss is told", () => followed.issues.some(({ code }) => code === "unreadable"));
    assert.equal(followed.isConnected, false);
    assert.equal(followed.order("a"), 2);
    await etcd.run();
    await putPolicy(etcd, "a", 3);
    await followed.until("a kill is got over", () => followed.order("a") === 3, TIMEOUT_MS);
    await followed.until("all is well", () => followed.issues.length === 0);
    assert.equal(followed.inSyncCount, 1);
  });

  it("is listed anew when the history is gone, and only then what was deleted is", async (test) => {
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    await putPolicy(etcd, "b", 1);
    const proxy = await CuttingProxy.start(etcd.port);
    test.after(() => proxy.close());
    const followed = await FollowedEtcd.start(test, [`http://127.0.0.1:${proxy.port}`]);
    proxy.isStalled = true;
    proxy.cut();
    await etcd.delete(policyKey("a"));
    await putPolicy(etcd, "b", 2);
    await etcd.compact();
    assert.equal(followed.order("a"), 1);
    proxy.isStalled = false;
    proxy.cut();
    await followed.until("it is read again", () => followed.order("b") === 2, TIMEOUT_MS);
    assert.equal(followed.order("a"), undefined);
    assert.ok(followed.issueLists.flat().every(({ message }) => !message.includes("compacted")));
    await putPolicy(etcd, "b", 3);
    await followed.until("it is followed again", () => followed.order("b") === 3);
  });

  it("is listed anew when it is another one, with a shorter history", async (test) => {
    await setReady(etcd);
    for (let order = 1; order <= 20; order++) await putPolicy(etcd, "a", order);
    const followed = await FollowedEtcd.start(test, [etcd.url]);
    await etcd.kill();
    await etcd.erase();
    await etcd.run();
    await setReady(etcd);
    await putPolicy(etcd, "b", 1);
    await followed.until("the other is read", () => followed.order("b") === 1, TIMEOUT_MS);
    assert.equal(followed.order("a"), undefined);
    await putPolicy(etcd, "b", 2);
    await followed.until("and followed", () => followed.order("b") === 2);
  });

  it("is read once for `ephor validate`, and says what is wrong with it", async () => {
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    await etcd.put(policyKey("b"), "{");
    const access = etcdAccess([endpointOf(etcd.url)], {});
    const datastore = new EtcdDatastore(systemClock, { access, random: Math.random });
    const content = await readOnce(datastore, "it", TIMEOUT_MS);
    assert.equal(content.isRead, true);
    assert.equal(content.objectCount, 2);
    assert.deepEqual(
      content.issues.map(({ where, code }) => [where, code]),
      [["NetworkPolicy prod/b", "bad_document"]],
    );
  });
});

describe("an etcd with TLS, client certificates and a log-in", () => {
  it("is followed for longer than a token lives, and after a cut", async (test) => {
    const etcd = await EtcdServer.start({ hasTls: true, flags: ["--auth-token-ttl=1", "--bcrypt-cost=4"] });
    test.after(() => etcd.stop());
    const folder = await mkdtemp(join(tmpdir(), "ephor-password-"));
    test.after(() => rm(folder, { recursive: true, force: true }));
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, "wrong");
    await setReady(etcd);
    await putPolicy(etcd, "a", 1);
    await etcd.enableAuth("node", "secret", "/calico/");
    const proxy = await CuttingProxy.start(etcd.tlsPort);
    test.after(() => proxy.close());
    const files = { ...tlsFiles(etcd.folder), user: "node", passwordFile };
    const followed = FollowedEtcd.begin(test, [`https://localhost:${proxy.port}`], files);
    await followed.until("a wrong password is told", () => followed.issues.length > 0);
    assert.match(followed.issues[0]?.message ?? "", /authentication failed/);
    await writeFile(passwordFile, "secret");
    await followed.started;
    const endMs = performance.now() + 2_500;
    for (let order = 2; performance.now() < endMs; order++) {
      await etcd.logIn("secret");
      await putPolicy(etcd, "a", order);
      await followed.until("the change is told", () => followed.order("a") === order);
    }
    proxy.cut();
    await putPolicy(etcd, "a", 1);
    await followed.until("a new connection is made", () => followed.order("a") === 1);
  });
});
