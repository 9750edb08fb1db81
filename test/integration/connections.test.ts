/** The network filter: connections that carry no HTTP, and those whose requests are asked about again. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { connectAsPod } from "../../src/cli/demo/pod-connection.ts";
import { ALLOW_PUBLIC, NOBODY, networkPolicy, WEB, WORKER, World } from "../support/envoy.ts";

const WORKER_EVENTS = networkPolicy(
  "events",
  "[{ action: Allow, protocol: TCP, source: { selector: app == 'worker' }, destination: { ports: [8443] } }]",
);

describe("the network filter", () => {
  let world: World;
  before(async () => {
    world = await World.open({
      listeners: [
        { name: "tcp", protocol: "tcp", tls: true },
        { name: "plain-tcp", protocol: "tcp" },
        { name: "http", protocol: "http", tls: true },
        { name: "checked-twice", protocol: "http", tls: true, checkConnectionToo: true },
      ],
      policies: { "public.yaml": ALLOW_PUBLIC, "events.yaml": WORKER_EVENTS },
    });
  });
  after(() => world.close());

  for (const listener of ["tcp", "plain-tcp"]) {
    it(`admits on ${listener} whom a rule without HTTP allows`, async () => {
      assert.equal((await world.tcp(listener, WORKER)).kind, "connected");
    });

    it(`keeps out of ${listener} whom only a rule with HTTP allows`, async () => {
      const before = world.upstream.answered;
      assert.equal((await world.tcp(listener, WEB)).kind, "refused");
      assert.equal(world.upstream.answered, before);
    });
  }

  it("keeps out whom no rule allows", async () => {
    assert.equal((await world.tcp("plain-tcp", NOBODY)).kind, "refused");
  });

  it("keeps out who comes from another address than its identity's", async () => {
    assert.equal((await world.tcp("tcp", { ...WORKER, address: WEB.address })).kind, "refused");
  });

  for (const version of ["http/1.1", "h2"] as const) {
    const get = (path: string): { method: string; path: string; version: typeof version } => ({
      method: "GET",
      path,
      version,
    });

    it(`admits for the HTTP filter behind whom a rule with HTTP may allow, ${version}`, async () => {
      assert.equal(await world.status("checked-twice", WEB, get("/public/a")), 200);
    });

    it(`leaves each request to the HTTP filter behind, ${version}`, async () => {
      assert.equal(await world.status("checked-twice", WEB, get("/secret")), 403);
    });

    it(`refuses the connection, not the request, of whom no rule could allow, ${version}`, async () => {
      const stranger = { address: NOBODY.address, credential: "web" } as const;
      assert.equal((await world.http("checked-twice", stranger, get("/public/a"))).kind, "refused");
      assert.equal(await world.status("http", stranger, get("/public/a")), 403);
    });
  }
});

describe("an upstream that speaks first", () => {
  let world: World;
  before(async () => {
    world = await World.open({
      listeners: [{ name: "tcp", protocol: "tcp", tls: true }],
      policies: { "public.yaml": ALLOW_PUBLIC, "events.yaml": WORKER_EVENTS },
      greeting: "220 ready\n",
    });
  });
  after(() => world.close());

  /** All that comes back until the connection ends, or until `enough` of it has come. */
  async function listen(socket: Socket, enough: number): Promise<string> {
    let heard = "";
    for await (const chunk of socket) {
      heard += String(chunk);
      if (heard.length >= enough) break;
    }
    return heard;
  }

  it("is heard by a caller that is allowed and has spoken", async () => {
    const socket = await connectAsPod(world.connection("tcp", WORKER));
    socket.write("hello\n");
    assert.equal(await listen(socket, 16), "220 ready\nhello\n");
  });

  it("is not heard by one that is denied, and does not even see a connection", async () => {
    const before = world.upstream.answered;
    const socket = await connectAsPod(world.connection("tcp", WEB));
    socket.write("hello\n");
    assert.equal(await listen(socket, 1), "");
    assert.equal(world.upstream.answered, before);
  });

  it("is not heard by one that says nothing, about whom nobody was asked", async () => {
    const before = world.upstream.answered;
    const silent = await connectAsPod(world.connection("tcp", WEB));
    let heard = "";
    silent.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    // Later connections are served in full: what was to come on the silent one would have come by then.
    for (let i = 0; i < 3; i++) {
      const socket = await connectAsPod(world.connection("tcp", WORKER));
      socket.write("hello\n");
      assert.equal(await listen(socket, 16), "220 ready\nhello\n");
    }
    assert.equal(heard, "");
    assert.equal(world.upstream.answered, before + 3);
    silent.destroy();
  });
});
