import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import type { AuthzClient } from "../support/authz-client.ts";
import { AuthzFixture, getCheck, until } from "../support/authz-fixture.ts";

/** Asks one check after the other until told to stop; every answer must be good. */
function askOn(client: AuthzClient): { readonly count: () => number; stop(): Promise<void> } {
  let count = 0;
  let isStopped = false;
  const asking = (async () => {
    while (!isStopped) {
      assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
      count++;
    }
  })();
  return {
    count: () => count,
    stop: () => {
      isStopped = true;
      return asking;
    },
  };
}

describe("AuthzServer.drain()", () => {
  it("keeps answering under load, new connections too, and ends when the last connection closes", async () => {
    await using fixture = await AuthzFixture.start();
    const clients = [fixture.client(), fixture.client(), fixture.client()];
    const asking = clients.map(askOn);
    await until(() => asking.every(({ count }) => count() > 10), "load");
    let isDrained = false;
    const drained = fixture.server.drain(60_000).then(() => {
      isDrained = true;
    });
    const before = asking.map(({ count }) => count());
    await until(
      () => asking.every(({ count }, i) => count() > (before[i] ?? 0) + 50),
      "answers while draining",
    );
    const latecomer = fixture.client();
    assert.equal((await latecomer.ask(getCheck("/public"))).status?.code, 0);
    await Promise.all(asking.map((load) => load.stop()));
    for (const client of clients) client.close();
    assert.equal((await latecomer.ask(getCheck("/public"))).status?.code, 0);
    assert.equal(isDrained, false);
    latecomer.close();
    await drained;
    assert.equal(fixture.server.connectionCount, 0);
    assert.equal(existsSync(fixture.socket), false);
  });

  it("ends after its time although a connection stays, and takes no new ones then", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    await client.ask(getCheck("/public"));
    const started = performance.now();
    await fixture.server.drain(100);
    const took = performance.now() - started;
    assert.ok(took >= 95 && took < 5_000, `${took} ms`);
    await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 1_000 }), {
      code: status.UNAVAILABLE,
    });
  });

  it("ends at once without connections, and again when asked twice", async () => {
    await using fixture = await AuthzFixture.start();
    const started = performance.now();
    await Promise.all([fixture.server.drain(60_000), fixture.server.drain(60_000)]);
    await fixture.server.drain(60_000);
    await fixture.server.close();
    assert.ok(performance.now() - started < 5_000);
  });

  it("ends both drains when two were asked for while a connection was open", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    await client.ask(getCheck("/public"));
    const started = performance.now();
    const drains = [fixture.server.drain(60_000), fixture.server.drain(60_000)];
    client.close();
    await Promise.all(drains);
    assert.ok(performance.now() - started < 5_000);
  });

  it("ends at once when closed meanwhile", async () => {
    await using fixture = await AuthzFixture.start();
    await fixture.client().ask(getCheck("/public"));
    const started = performance.now();
    const drained = fixture.server.drain(60_000);
    await fixture.server.close();
    await drained;
    assert.ok(performance.now() - started < 5_000);
  });

  it("cuts a connection that never said a word", async () => {
    await using fixture = await AuthzFixture.start();
    const silent = connect({ path: fixture.socket });
    await until(() => fixture.server.connectionCount === 1, "the connection");
    const closed = new Promise((resolve) =>
      silent
        .on("close", resolve)
        .on("error", () => {})
        .resume(),
    );
    await fixture.server.drain(50);
    await closed;
    assert.equal(fixture.server.connectionCount, 0);
  });
});
