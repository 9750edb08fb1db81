/** Log-ins at a real etcd. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import type { EtcdClient } from "../../../src/datastore/etcd/etcd-client.ts";
import type { EtcdError } from "../../../src/datastore/etcd/etcd-error.ts";
import { EtcdServer } from "../../support/etcd-server.ts";
import { until } from "../../support/until.ts";

/** Longer than a token lives. */
const TOKEN_TTL_SECONDS = 1;

for (const kind of ["simple", "jwt"]) {
  describe(`log-ins with ${kind} tokens`, () => {
    let etcd: EtcdServer;
    let folder: string;
    let passwordFile: string;
    const clients: EtcdClient[] = [];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "ephor-login-"));
      passwordFile = join(folder, "password");
      await writeFile(passwordFile, "secret\n");
      etcd = await EtcdServer.start({ flags: ["--bcrypt-cost=4", ...(await tokenFlags(kind, folder))] });
      await etcd.enableAuth("node", "secret", "/calico/");
    });
    after(async () => {
      for (const client of clients) client.close();
      await etcd?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    function clientOf(files: { readonly user?: string; readonly passwordFile?: string }): EtcdClient {
      const client = etcd.client(files);
      clients.push(client);
      return client;
    }

    it("are refused with a wrong password, and read it again when asked again", async () => {
      const file = join(folder, "other");
      await writeFile(file, "wrong\n");
      const client = clientOf({ user: "node", passwordFile: file });
      const wrong = await client.range({ key: "/calico/a" });
      assert.ok(!wrong.ok && wrong.error.kind === "refused");
      assert.match(wrong.error.message, /authentication failed/);
      await writeFile(file, "secret\n");
      assert.ok((await client.range({ key: "/calico/a" })).ok);
      await rm(file);
      client.reconnect();
      const gone = await client.range({ key: "/calico/a" });
      assert.ok(!gone.ok && gone.error.kind === "away");
      assert.match(gone.error.message, /^no password: /);
    });

    it("open what the user may read, and nothing else", async () => {
      const client = clientOf({ user: "node", passwordFile });
      assert.ok((await client.range({ key: "/calico/a" })).ok);
      const elsewhere = await client.range({ key: "/other" });
      assert.ok(!elsewhere.ok && elsewhere.error.kind === "refused", inspect(elsewhere));
      assert.equal(elsewhere.error.message, "`permission denied`");
    });

    it("without one nothing is told, neither read nor watched", async () => {
      const client = clientOf({});
      assert.ok(!(await client.range({ key: "/calico/a" })).ok);
      const ends: EtcdError[] = [];
      const nothing = (): void => {};
      const watch = await client.watch(
        { prefix: "/calico/", fromRevision: 1n },
        {
          onCreated: nothing,
          onEvents: () => assert.fail("it is told"),
          onProgress: nothing,
          onEnd: (error) => ends.push(error),
        },
      );
      assert.ok(watch.ok);
      await until(() => ends.length === 1);
      assert.ok(ends[0]?.kind === "refused" || ends[0]?.kind === "stale_login", inspect(ends));
    });

    it("are made again for as long as calls go on, whatever the life of a token", async () => {
      const client = clientOf({ user: "node", passwordFile });
      const endMs = performance.now() + 2_500 * TOKEN_TTL_SECONDS;
      while (performance.now() < endMs) {
        const write = { compare: [], writes: [{ key: "/calico/a", value: String(performance.now()) }] };
        const written = await client.txn(write);
        assert.ok(written.ok && written.value.isDone, inspect(written));
      }
    });

    it("are made again when a changed password ends the token", async () => {
      const client = clientOf({ user: "node", passwordFile });
      assert.ok((await client.range({ key: "/calico/a" })).ok);
      await etcd.logIn("secret");
      await etcd.request("auth/user/changepw", { name: "node", password: "new" });
      await writeFile(passwordFile, "new");
      const read = await client.range({ key: "/calico/a" });
      assert.ok(read.ok, inspect(read));
    });

    it("are not needed where nobody asks for them", async () => {
      await etcd.logIn("secret");
      await etcd.request("auth/disable", {});
      const client = clientOf({ user: "node", passwordFile });
      const read = await client.range({ key: "/calico/a" });
      assert.ok(read.ok, inspect(read));
    });
  });
}

async function tokenFlags(kind: string, folder: string): Promise<readonly string[]> {
  if (kind === "simple") return [`--auth-token-ttl=${TOKEN_TTL_SECONDS}`];
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const paths = { public: join(folder, "public.pem"), private: join(folder, "private.pem") };
  await writeFile(paths.public, publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(paths.private, privateKey.export({ type: "pkcs1", format: "pem" }));
  const keys = `pub-key=${paths.public},priv-key=${paths.private}`;
  return [`--auth-token=jwt,${keys},sign-method=RS256,ttl=${TOKEN_TTL_SECONDS}s`];
}
