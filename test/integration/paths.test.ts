/** Paths as they come: a listener that tidies nothing up, and targets that aren't paths at all. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import type { Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { connectAsPod } from "../../src/cli/demo/pod-connection.ts";
import { ALLOW_PUBLIC, type Caller, networkPolicy, WEB, WORKER, World } from "../support/envoy.ts";

const METHODS_ONLY = networkPolicy(
  "options",
  "[{ action: Allow, source: { serviceAccounts: { names: [web] } }, http: { methods: [OPTIONS], paths: [{ prefix: / }] } }]",
);

describe("a listener that leaves paths as they are", () => {
  let world: World;
  before(async () => {
    world = await World.open({
      listeners: [
        { name: "raw", protocol: "http", tls: true, normalizePath: false },
        { name: "upgrade", protocol: "http", tls: true, allowUpgrade: true },
        { name: "connect", protocol: "http", tls: true, allowConnect: true },
      ],
      policies: { "public.yaml": ALLOW_PUBLIC, "options.yaml": METHODS_ONLY },
    });
  });
  after(() => world.close());

  const versions = ["http/1.1", "h2"] as const;
  const plain = [
    "/public",
    "/public/a/",
    "/public/a/b",
    "/public/a?x=/../secret",
    "/public/%41",
    "/public/a%20b",
  ];
  const ambiguous = [
    "/public/",
    "/public;v=2/a",
    "/public/../secret",
    "/public/%2e%2e/secret",
    "/public/..%2fsecret",
    "/public/..;/secret",
    "/public/..%3bx/secret",
    "/public/..\\secret",
    "/public/%252e%252e/secret",
    "/public/%2e%2e%5csecret",
    "/public/.%2e;a=b/secret",
    "/public/%00",
    "/public/%zz",
    "/public%2f..%2f..%2fsecret",
    "/public;/../secret",
  ];
  for (const version of versions) {
    for (const path of plain) {
      it(`lets ${path} through, ${version}`, async () => {
        assert.equal(await world.status("raw", WEB, { method: "GET", path, version }), 200);
      });
    }
    for (const path of [...ambiguous, "/secret", "/publicity", "/PUBLIC"]) {
      it(`keeps ${path} from the upstream, ${version}`, async () => {
        const before = world.upstream.answered;
        const status = await world.status("raw", WEB, { method: "GET", path, version });
        assert.ok(status === 403 || status === 400, `${status}`);
        assert.equal(world.upstream.answered, before);
      });
    }

    it(`keeps OPTIONS * from the upstream, ${version}`, async () => {
      const before = world.upstream.answered;
      const status = await world.status("raw", WEB, { method: "OPTIONS", path: "*", version });
      assert.ok(status >= 400, `${status}`);
      assert.equal(world.upstream.answered, before);
    });
  }

  it("switches protocols where the request is allowed", async () => {
    const socket = await connectAsPod(world.connection("upgrade", WEB));
    socket.write(upgradeRequest("/public/chat"));
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 101 /);
    socket.write("over the upgraded connection");
    assert.equal(await firstChunk(socket), "over the upgraded connection");
    socket.destroy();
  });

  it("does not switch protocols where it is denied", async () => {
    const before = world.upstream.answered;
    const socket = await connectAsPod(world.connection("upgrade", WEB));
    socket.write(upgradeRequest("/secret/chat"));
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 403 /);
    assert.equal(world.upstream.answered, before);
    socket.destroy();
  });

  it("does not switch protocols on a listener that takes no upgrades", async () => {
    const before = world.upstream.answered;
    const socket = await connectAsPod(world.connection("raw", WEB));
    socket.write(upgradeRequest("/public/chat"));
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 [45]\d\d /);
    assert.equal(world.upstream.answered, before);
    socket.destroy();
  });

  it("opens no tunnel for CONNECT, whose target no path rule can judge", async () => {
    const before = world.upstream.answered;
    const socket = await connectAsPod(world.connection("connect", WEB));
    socket.write(CONNECT_REQUEST);
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 403 /);
    assert.equal(world.upstream.answered, before);
    socket.destroy();
  });
});

describe("a rule that allows CONNECT on any path", () => {
  const rule =
    "[{ action: Allow, source: { serviceAccounts: { names: [web] } }, http: { methods: [CONNECT] } }]";
  let world: World;
  before(async () => {
    world = await World.open({
      listeners: [{ name: "connect", protocol: "http", tls: true, allowConnect: true }],
      policies: { "tunnel.yaml": networkPolicy("tunnel", rule) },
    });
  });
  after(() => world.close());

  it("opens a tunnel", async () => {
    const socket = await connectAsPod(world.connection("connect", WEB));
    socket.write(CONNECT_REQUEST);
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 200 /);
    socket.write("through the tunnel");
    assert.equal(await firstChunk(socket), "through the tunnel");
    socket.destroy();
  });

  it("opens one over HTTP/2 as well", async () => {
    assert.equal(await connectStatusHttp2(world, WEB), 200);
  });

  it("opens none over HTTP/2 for another caller", async () => {
    const before = world.upstream.answered;
    assert.equal(await connectStatusHttp2(world, WORKER), 403);
    assert.equal(world.upstream.answered, before);
  });

  it("opens none for another caller", async () => {
    const before = world.upstream.answered;
    const socket = await connectAsPod(world.connection("connect", WORKER));
    socket.write(CONNECT_REQUEST);
    assert.match(await firstChunk(socket), /^HTTP\/1\.1 403 /);
    assert.equal(world.upstream.answered, before);
    socket.destroy();
  });
});

const CONNECT_REQUEST = "CONNECT api.shop:80 HTTP/1.1\r\nhost: api.shop:80\r\n\r\n";

/** An HTTP/2 CONNECT has neither scheme nor path (RFC 9113, section 8.5). */
async function connectStatusHttp2(world: World, caller: Caller): Promise<number> {
  const connection = world.connection("connect", caller);
  assert.ok(connection.tls);
  const socket = await connectAsPod({ ...connection, tls: { ...connection.tls, alpn: "h2" } });
  const session = connectHttp2("https://api.shop", { createConnection: () => socket });
  const stream = session.request({ ":method": "CONNECT", ":authority": "api.shop:80" });
  const signal = AbortSignal.timeout(5_000);
  const [headers] = (await once(stream, "response", { signal })) as [Record<string, unknown>];
  session.destroy();
  return Number(headers[":status"]);
}

function upgradeRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: api.shop\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
}

async function firstChunk(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data", { signal: AbortSignal.timeout(5_000) })) as [Buffer];
  return chunk.toString();
}
