/** Answers of a real etcd that are larger than one message may be. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ETCD_MESSAGE_MAX_BYTES } from "../../../src/base/limits.ts";
import type { EtcdClient } from "../../../src/datastore/etcd/etcd-client.ts";
import { EtcdServer } from "../../support/etcd-server.ts";
import { until } from "../../support/until.ts";

const VALUE = "x".repeat(1_200_000);
const COUNT = Math.ceil(ETCD_MESSAGE_MAX_BYTES / VALUE.length) + 4;

describe("an etcd that holds large values", () => {
  let etcd: EtcdServer;
  let client: EtcdClient;

  before(async () => {
    etcd = await EtcdServer.start();
    client = etcd.client();
    for (let index = 0; index < COUNT; index++) {
      const write = { compare: [], writes: [{ key: `/large/${1_000 + index}`, value: VALUE }] };
      assert.ok((await client.txn(write)).ok);
    }
  });
  after(async () => {
    client?.close();
    await etcd?.stop();
  });

  it("is listed with fewer of them at a time", async () => {
    const keys: string[] = [];
    const pages: number[] = [];
    const listed = await client.list("/large/", (page) => {
      pages.push(page.length);
      keys.push(...page.map(({ key }) => key.toString()));
    });
    assert.ok(listed.ok, listed.ok ? "" : listed.error.message);
    assert.ok(pages.length > 1);
    assert.deepEqual(
      keys,
      Array.from({ length: COUNT }, (_, index) => `/large/${1_000 + index}`),
    );
  });

  it("refuses one that is larger than etcd takes, in its own words", async () => {
    const written = await client.txn({
      compare: [],
      writes: [{ key: "/large/x", value: VALUE + VALUE.slice(0, 600_000) }],
    });
    assert.ok(!written.ok && !written.error.mayBeDone);
    assert.match(written.error.message, /too large/);
  });

  it("tells of its whole history in parts, the last of which says that it is whole", async () => {
    const revisions: bigint[] = [];
    const parts: boolean[] = [];
    const watch = await client.watch(
      { prefix: "/large/", fromRevision: 1n },
      {
        onCreated: () => {},
        onEvents: (events, isWhole) => {
          revisions.push(...events.map(({ entry }) => entry.modRevision));
          parts.push(isWhole);
        },
        onProgress: () => {},
        onEnd: ({ message }) => assert.fail(message),
      },
    );
    assert.ok(watch.ok);
    await until(() => revisions.length === COUNT, 60_000);
    assert.ok(parts.length > 1 && parts.includes(false), "it comes in parts");
    assert.equal(parts.at(-1), true);
    assert.deepEqual(
      revisions,
      [...revisions].sort((a, b) => (a < b ? -1 : 1)),
    );
    watch.value.close();
  });
});
