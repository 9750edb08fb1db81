/** The client against a real etcd. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { err } from "../../../src/base/result.ts";
import { freePorts } from "../../../src/cli/demo/free-ports.ts";
import { type EtcdFiles, parseEtcdEndpoint } from "../../../src/datastore/etcd/etcd-access.ts";
import { type EtcdClient, prefixEnd } from "../../../src/datastore/etcd/etcd-client.ts";
import type { EtcdHeader } from "../../../src/datastore/etcd/etcd-entry.ts";
import type { EtcdError } from "../../../src/datastore/etcd/etcd-error.ts";
import type { EtcdEvent, EtcdWatch } from "../../../src/datastore/etcd/etcd-watch.ts";
import { CuttingProxy } from "../../control-plane/cutting-proxy.ts";
import { EtcdServer, etcdClient, tlsFiles, writeClientCertificate } from "../../support/etcd-server.ts";
import { mintRoot } from "../../support/mint-chain.ts";
import { until } from "../../support/until.ts";

describe("addresses", () => {
  const good: readonly (readonly [text: string, target: string, isTls: boolean, at: string])[] = [
    ["https://etcd.example:2379", "dns:etcd.example:2379", true, "etcd.example 2379"],
    ["http://127.0.0.1:2379", "dns:127.0.0.1:2379", false, "127.0.0.1 2379"],
    ["https://[::1]:2379", "ipv6:[::1]:2379", true, "::1 2379"],
    ["http://etcd:80/", "dns:etcd:80", false, "etcd 80"],
    ["unix:/run/etcd.sock", "unix:/run/etcd.sock", false, "/run/etcd.sock"],
    ["unix:///run/etcd.sock", "unix:/run/etcd.sock", false, "/run/etcd.sock"],
  ];
  for (const [text, target, isTls, at] of good) {
    it(`${text} is one`, () => {
      const parsed = parseEtcdEndpoint(text);
      assert.ok(parsed.ok);
      const { host, port, path, ...rest } = parsed.value;
      assert.deepEqual(rest, { text, target, isTls });
      assert.equal(path === "" ? `${host} ${port}` : path, at);
    });
  }
  for (const text of [
    "",
    "etcd:2379",
    "127.0.0.1:2379",
    "https://etcd",
    "https://etcd:0",
    "https://etcd:99999",
    "https://user:secret@etcd:2379",
    "https://etcd:2379/v3",
    "https://etcd:2379?a",
    "ftp://etcd:2379",
    "https://[etcd]:2379",
    "https://a b:2379",
    "https://:2379",
    "unix:",
  ]) {
    it(`"${text}" is none`, () => assert.equal(parseEtcdEndpoint(text).ok, false));
  }
});

describe("the end of a prefix", () => {
  it("is the first key after all that begin with it", () => {
    assert.deepEqual(prefixEnd("/a/"), Buffer.from("/a0"));
    assert.deepEqual(prefixEnd("a\x7f"), Buffer.from("a\x80", "latin1"));
    assert.deepEqual(prefixEnd(""), Buffer.of(0));
  });
});

describe("a client of one etcd", () => {
  let etcd: EtcdServer;
  let client: EtcdClient;

  before(async () => {
    etcd = await EtcdServer.start();
    client = etcd.client();
  });
  after(async () => {
    client?.close();
    await etcd?.stop();
  });

  async function keysBelow(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    const listed = await client.list(prefix, (page) => keys.push(...page.map(({ key }) => key.toString())));
    assert.ok(listed.ok, inspect(listed));
    return keys;
  }

  it("writes if things are as compared, and says what they are if not", async () => {
    const compare = [{ key: "/txn/a", modRevision: 0n }];
    const writes = [{ key: "/txn/a", value: "1" }];
    const first = await client.txn({ compare, writes, elseRead: ["/txn/a"] });
    assert.ok(first.ok && first.value.isDone);
    const second = await client.txn({
      compare,
      writes: [{ key: "/txn/a", value: "2" }],
      elseRead: ["/txn/a", "/txn/b"],
    });
    assert.ok(second.ok && !second.value.isDone);
    const [found, absent] = second.value.found;
    assert.equal(found?.value.toString(), "1");
    assert.equal(found.modRevision, first.value.header.revision);
    assert.equal(absent, undefined);
    const modRevision = found.modRevision;
    const third = await client.txn({
      compare: [{ key: "/txn/a", modRevision }],
      writes: [{ key: "/txn/a", value: undefined }],
    });
    assert.ok(third.ok && third.value.isDone);
    assert.deepEqual(await keysBelow("/txn/"), []);
  });

  it("lists pages at one revision, and nothing of what was written between them", async () => {
    const keys = Array.from({ length: 1_100 }, (_, index) => `/list/${String(index).padStart(5, "0")}`);
    for (let at = 0; at < keys.length; at += 100) {
      const writes = keys.slice(at, at + 100).map((key) => ({ key, value: "x" }));
      assert.ok((await client.txn({ compare: [], writes })).ok);
    }
    await etcd.put("/lisu", "a neighbour");
    const found: string[] = [];
    let written: Promise<void> | undefined;
    const listed = await client.list("/list/", (page) => {
      found.push(...page.map(({ key }) => key.toString()));
      written ??= etcd.put("/list/99999", "new").then(() => etcd.delete("/list/01099"));
    });
    await written;
    assert.ok(listed.ok);
    assert.deepEqual(found, keys);
    assert.deepEqual((await keysBelow("/list/")).slice(-2), ["/list/01098", "/list/99999"]);
  });

  it("tells what became of the keys from a revision on", async () => {
    await etcd.put("/watch/a", "1");
    const from = BigInt(await etcd.revision()) + 1n;
    await etcd.put("/watch/b", "2");
    await etcd.delete("/watch/a");
    const seen = await follow(client, "/watch/", from);
    await until(() => seen.events.length === 2);
    await etcd.put("/watch/b", "3");
    await etcd.put("/elsewhere", "3");
    await until(() => seen.events.length === 3);
    assert.deepEqual(
      seen.events.map(({ kind, entry }) => `${kind} ${entry.key} ${entry.value}`),
      ["put /watch/b 2", "delete /watch/a ", "put /watch/b 3"],
    );
    assert.equal(seen.events[0]?.entry.modRevision, from);
    seen.watch.close();
  });

  it("says that a history is gone", async () => {
    await etcd.put("/gone", "1");
    const from = BigInt(await etcd.revision());
    await etcd.put("/gone", "2");
    await etcd.put("/gone", "3");
    await etcd.compact();
    const seen = await follow(client, "/gone", from);
    await until(() => seen.ends.length === 1);
    assert.equal(seen.ends[0]?.kind, "compacted");
    const range = await client.range({ key: "/gone", revision: from });
    assert.deepEqual(
      range,
      err({ kind: "compacted", message: "`mvcc: required revision has been compacted`", mayBeDone: false }),
    );
  });

  it("says that a revision is still to come", async () => {
    const range = await client.range({ key: "/gone", revision: 1_000_000n });
    assert.ok(!range.ok && range.error.kind === "future", inspect(range));
  });

  it("has a plain word for an etcd that isn't there", async () => {
    const [port] = await freePorts(1);
    const other = etcdClient([`http://127.0.0.1:${port}`]);
    const range = await other.range({ key: "/a" });
    assert.ok(!range.ok && range.error.kind === "away");
    assert.match(range.error.message, /ECONNREFUSED/);
    other.close();
  });

  it("goes on to the next address, and back to work after a cut", async () => {
    const proxy = await CuttingProxy.start(etcd.port);
    const [nobody] = await freePorts(1);
    const other = etcdClient([`http://127.0.0.1:${nobody}`, `http://127.0.0.1:${proxy.port}`]);
    assert.ok((await other.range({ key: "/a" })).ok);
    const seen = await follow(other, "/a", 1_000n);
    proxy.cut();
    await until(() => seen.ends.length === 1);
    assert.equal(seen.ends[0]?.kind, "away");
    assert.ok((await other.range({ key: "/a" })).ok);
    other.close();
    proxy.close();
  });

  it("does not wait for ever for one that accepts and says nothing", async () => {
    const accepted: Socket[] = [];
    const silent = createServer((socket) => accepted.push(socket.resume())).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert.ok(typeof address === "object" && address !== null);
    const other = etcdClient([`http://127.0.0.1:${address.port}`, etcd.url]);
    assert.ok((await other.range({ key: "/a" })).ok);
    other.close();
    assert.ok(accepted.length > 0);
    await until(() => accepted.every(({ readyState }) => readyState !== "open"));
    silent.close();
  });
});

describe("a client of an etcd with TLS and client certificates", () => {
  let etcd: EtcdServer;
  const clients: EtcdClient[] = [];

  before(async () => {
    etcd = await EtcdServer.start({ hasTls: true });
  });
  after(async () => {
    for (const client of clients) client.close();
    await etcd?.stop();
  });

  async function ask(files: EtcdFiles, url = etcd.tlsUrl): Promise<EtcdError | undefined> {
    const client = etcd.client(files, url);
    clients.push(client);
    const range = await client.range({ key: "/a" });
    return range.ok ? undefined : range.error;
  }

  it("is let in with a certificate, and not without", async () => {
    const files = tlsFiles(etcd.folder);
    assert.equal(await ask(files), undefined);
    assert.equal((await ask({ ca: files.ca }))?.kind, "away");
  });

  it("believes no certificate but one of its authority", async () => {
    const { certificate, key } = tlsFiles(etcd.folder);
    assert.match((await ask({ certificate, key }))?.message ?? "", /certificate/);
  });

  it("believes no certificate for another name or address", async () => {
    const proxy = await CuttingProxy.start(etcd.tlsPort, "127.0.0.2");
    const error = await ask(tlsFiles(etcd.folder), `https://127.0.0.2:${proxy.port}`);
    proxy.close();
    assert.match(error?.message ?? "", /127\.0\.0\.2 is not in/);
  });

  it("finds an address in a certificate too", async () => {
    assert.equal(await ask(tlsFiles(etcd.folder), `https://127.0.0.1:${etcd.tlsPort}`), undefined);
  });

  it("takes certificates that were replaced since, and says when they are gone", async () => {
    const client = etcd.client(tlsFiles(etcd.folder), etcd.tlsUrl);
    clients.push(client);
    assert.ok((await client.range({ key: "/a" })).ok);
    await writeClientCertificate(etcd.folder, mintRoot("other"));
    client.reconnect();
    assert.ok(!(await client.range({ key: "/a" })).ok);
    await rm(join(etcd.folder, "client.key"));
    const gone = await client.range({ key: "/a" });
    assert.ok(!gone.ok && gone.error.kind === "away");
    assert.match(gone.error.message, /no credentials: .*client\.key/);
  });
});

type Seen = {
  readonly watch: EtcdWatch;
  readonly created: EtcdHeader[];
  readonly events: EtcdEvent[];
  readonly ends: EtcdError[];
};

async function follow(client: EtcdClient, prefix: string, fromRevision: bigint): Promise<Seen> {
  const created: EtcdHeader[] = [];
  const events: EtcdEvent[] = [];
  const ends: EtcdError[] = [];
  const watch = await client.watch(
    { prefix, fromRevision },
    {
      onCreated: (header) => created.push(header),
      onEvents: (some) => events.push(...some),
      onProgress: () => {},
      onEnd: (error) => ends.push(error),
    },
  );
  assert.ok(watch.ok);
  return { watch: watch.value, created, events, ends };
}
