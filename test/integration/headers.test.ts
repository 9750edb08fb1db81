/** Header blocks of up to 1 MiB, which reach Ephor where the filter is told to send headers. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ALLOW_PUBLIC, WEB, World } from "../support/envoy.ts";

const MIB = 1_048_576;

describe("header blocks", () => {
  let world: World;
  before(async () => {
    const big = { protocol: "http", tls: true, maxRequestHeadersKb: 1_100 } as const;
    world = await World.open({
      listeners: [
        { ...big, name: "sent", authz: { sendAllHeaders: true } },
        { ...big, name: "kept" },
      ],
      policies: { "public.yaml": ALLOW_PUBLIC },
    });
  });
  after(() => world.close());

  /** 16 of them, so that no single one is what is refused. */
  function headers(bytes: number): Record<string, string> {
    const each = Math.floor(bytes / 16);
    return Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [`x-big-${index}`, "a".repeat(each - 16)]),
    );
  }

  for (const listener of ["sent", "kept"]) {
    for (const bytes of [1_024, 65_536, MIB]) {
      it(`of ${bytes} bytes are judged like any other, ${listener}`, async () => {
        const ask = { method: "GET", headers: headers(bytes) };
        assert.equal(await world.status(listener, WEB, { ...ask, path: "/public/a" }), 200);
        assert.equal(await world.status(listener, WEB, { ...ask, path: "/secret" }), 403);
      });
    }

    it(`of more are refused by Envoy, and the upstream sees nothing of them, ${listener}`, async () => {
      const before = world.upstream.answered;
      const ask = { method: "GET", path: "/public/a", headers: headers(MIB + 131_072) };
      assert.equal(await world.status(listener, WEB, ask), 431);
      assert.equal(world.upstream.answered, before);
    });
  }

  it("of 1 MiB in `:path` are judged too", async () => {
    const path = `/public/${"a".repeat(MIB - 4_096)}`;
    assert.equal(await world.status("sent", WEB, { method: "GET", path }), 200);
    assert.equal(await world.status("sent", WEB, { method: "GET", path: `/secret${path}` }), 403);
  });

  it("of 1 MiB come over HTTP/2 as well", async () => {
    const ask = { method: "GET", version: "h2", headers: headers(MIB) } as const;
    assert.equal(await world.status("sent", WEB, { ...ask, path: "/public/a" }), 200);
    assert.equal(await world.status("sent", WEB, { ...ask, path: "/secret" }), 403);
  });
});
