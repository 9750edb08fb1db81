/** An etcd's answers cut into pieces and broken off at any byte, while a history goes on behind them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { etcdAccess } from "../../../src/datastore/etcd/etcd-access.ts";
import { EtcdDatastore } from "../../../src/datastore/etcd/etcd-datastore.ts";
import { endpointOf } from "../../datastore/etcd/followed-etcd.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { FollowedHistory } from "./followed-history.ts";
import { EtcdStore } from "./history-stores.ts";

const SEED = Number(process.env["EPHOR_SEED"] ?? 3);
const CUTS = 6;

/** A store whose datastore is led through the proxy. */
class BrokenEtcdStore extends EtcdStore {
  override datastore(): EtcdDatastore {
    const endpoint = endpointOf(`unix:${join(this.etcd.folder, "broken.sock")}`);
    return new EtcdDatastore(systemClock, { access: etcdAccess([endpoint], {}), random: Math.random });
  }
}

describe("an etcd's answers that break off", () => {
  it("never lose a change, whole or in pieces", async (test) => {
    const store = await BrokenEtcdStore.create();
    let connection = 0;
    const proxy = new FaultProxy(store.etcd.socket, () => {
      connection++;
      // Anywhere in a handshake, a list or a watch; every fourth connection lives long enough to get somewhere.
      const cutAfterBytes = connection % 4 === 0 ? 30_000 : 40 + ((connection * 397) % 8_000);
      return { cutAfterBytes, pieceBytes: 1 + ((connection * 7) % 50), stallMs: 0 };
    });
    await proxy.listen(join(store.etcd.folder, "broken.sock"));
    test.after(() => proxy.close());
    const followed = await FollowedHistory.start(store, SEED, false);
    test.after(() => followed.close());
    for (let quiet = 0; quiet < 40 && proxy.cuts < CUTS; quiet++) {
      await followed.steps(20);
      await followed.holds();
    }
    assert.ok(proxy.cuts >= CUTS, `it broke off ${proxy.cuts} times`);
  });
});
