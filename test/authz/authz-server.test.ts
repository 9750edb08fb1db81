import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { DECISION_HEADER } from "../../src/authz/encode-check-response.ts";
import { AuthzServer, HTTP_FOLLOWS_METADATA } from "../../src/authz/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import {
  CHECK_QUEUE_MIN,
  CHECK_REQUEST_MAX_BYTES,
  CHECK_TRANSPORT_MAX_BYTES,
} from "../../src/base/limits.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { AuthzFixture, getCheck, publishRules, until } from "../support/authz-fixture.ts";
import { decodeCheckResponse, encodeCheckRequest, type PlainResponse } from "../support/check-requests.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const CLI = "spiffe://cluster.local/ns/shop/sa/cli";

function reasonOf(response: PlainResponse): string | undefined {
  return response.dynamic_metadata?.fields?.reason?.stringValue;
}

describe("AuthzServer", () => {
  it("allows and denies by policy, and tells the observer what it told the client", async () => {
    await using fixture = await AuthzFixture.start({ denialBody: "denied\n" });
    const client = fixture.client();
    const allowed = await client.ask(getCheck("/public/x"));
    assert.deepEqual(allowed, { status: { code: 0 }, ok_response: {} });
    const denied = await client.ask(getCheck("/private", CLI));
    assert.equal(denied.status?.code, 7);
    assert.equal(denied.denied_response?.body, "denied\n");
    const [first, second] = fixture.decisions;
    assert.equal(fixture.decisions.length, 2);
    assert.deepEqual([first?.[0].allowed, first?.[1].path], [true, "/public/x"]);
    assert.deepEqual([second?.[0].allowed, second?.[1].path], [false, "/private"]);
    assert.equal(denied.denied_response?.headers?.[0]?.header?.key, DECISION_HEADER);
    assert.equal(denied.denied_response?.headers?.[0]?.header?.value, second?.[2]);
    assert.equal(denied.dynamic_metadata?.fields?.decision_id?.stringValue, second?.[2]);
  });

  it("answers under the names v2 and v2alpha as well", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    for (const version of ["v2", "v2alpha"] as const) {
      assert.equal((await client.ask(getCheck("/public"), { version })).status?.code, 0);
      const denied = await client.ask(getCheck("/private", CLI), { version });
      assert.deepEqual([denied.status?.code, denied.denied_response?.status?.code], [7, "Forbidden"]);
    }
  });

  it("W24: answers a v2 request without source and destination, and goes on", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    for (const version of ["v2", "v2alpha", "v3"] as const) {
      const request = { request: { http: { method: "GET", path: "/private" } } };
      assert.notEqual((await client.ask(request, { version })).status?.code, 0);
      assert.notEqual((await client.ask({}, { version })).status?.code, 0);
      assert.equal((await client.ask(getCheck("/public"), { version })).status?.code, 0);
    }
  });

  it("denies with not_in_sync while there is no policy, and follows what is published", async () => {
    await using fixture = new AuthzFixture();
    await fixture.server.listen({ kind: "unix", path: fixture.socket });
    const client = fixture.client();
    assert.equal(reasonOf(await client.ask(getCheck("/public"))), "not_in_sync");
    publishRules(fixture.store, [{ action: "allow" }]);
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
    publishRules(fixture.store, [{ action: "deny" }]);
    const denied = await client.ask(getCheck("/public"));
    assert.equal(reasonOf(denied), "rule");
    assert.equal(denied.dynamic_metadata?.fields?.revision?.numberValue, 2);
  });

  it("answers what lacks authentication with UNAUTHENTICATED", async () => {
    await using fixture = await AuthzFixture.start();
    const denied = await fixture.client().ask(getCheck("/private", "CN=somebody"));
    assert.deepEqual([denied.status?.code, denied.denied_response?.status?.code], [16, "Unauthorized"]);
    assert.equal(reasonOf(denied), "identity_unverified");
    assert.equal((await fixture.client().ask(getCheck("/private", WEB))).status?.code, 0);
  });

  it("takes the metadata x-ephor-http-follows: true, and nothing else, for its announcement", async () => {
    await using fixture = await AuthzFixture.start();
    publishRules(fixture.store, [{ action: "allow", http_match: { methods: ["GET"] } }]);
    const client = fixture.client();
    const { request: _, ...connection } = getCheck("/") as Record<string, unknown>;
    const follows = (value: string) => ({ metadata: { [HTTP_FOLLOWS_METADATA]: value } });
    assert.equal((await client.ask(connection, follows("true"))).status?.code, 0);
    for (const value of ["True", "1", "false", "", "true, true"]) {
      assert.equal(reasonOf(await client.ask(connection, follows(value))), "no_http", value);
    }
    assert.equal(reasonOf(await client.ask(connection)), "no_http");
  });

  it("maps the ports that Envoy listens on to those that policy names", async () => {
    const rules = [{ action: "allow", dst_ports: [{ first: 80, last: 80 }] }];
    await using mapped = await AuthzFixture.start({ portMap: new Map([[8_080, 80]]) });
    await using unmapped = await AuthzFixture.start();
    for (const { store } of [mapped, unmapped]) publishRules(store, rules);
    assert.equal((await mapped.client().ask(getCheck("/"))).status?.code, 0);
    assert.equal((await unmapped.client().ask(getCheck("/"))).status?.code, 7);
  });
});

describe("AuthzServer on what it can't judge", () => {
  for (const [what, bytes] of [
    ["bytes that are no request", Buffer.from("ff", "hex")],
    ["a request cut short", encodeCheckRequest(getCheck("/public")).subarray(0, 20)],
    ["random bytes", randomBytes(1_000)],
  ] as const) {
    it(`denies ${what} with bad_request, in a good reply`, async () => {
      await using fixture = await AuthzFixture.start();
      const client = fixture.client();
      await client.ask(getCheck("/public/first"));
      assert.equal(reasonOf(decodeCheckResponse(await client.askBytes(bytes))), "bad_request");
      // Nothing of the request before shows in the record of this one.
      assert.equal(fixture.decisions.at(-1)?.[1].path, "");
      assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
    });
  }

  it("denies an empty message, which is a request that tells nothing", async () => {
    await using fixture = await AuthzFixture.start();
    assert.notEqual(decodeCheckResponse(await fixture.client().askBytes(Buffer.alloc(0))).status?.code, 0);
  });

  it("W34: judges a request of the largest size and denies a larger one, in a good reply", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client(undefined, undefined, { "grpc.max_send_message_length": -1 });
    const padded = (size: number) => {
      const request = { ...getCheck("/public"), context_extensions: { padding: "" } };
      const missing =
        size -
        encodeCheckRequest({ ...request, context_extensions: { padding: "x".repeat(3_000_000) } }).length;
      return encodeCheckRequest({
        ...request,
        context_extensions: { padding: "x".repeat(3_000_000 + missing) },
      });
    };
    const largest = padded(CHECK_REQUEST_MAX_BYTES);
    assert.equal(largest.length, CHECK_REQUEST_MAX_BYTES);
    assert.equal(decodeCheckResponse(await client.askBytes(largest)).status?.code, 0);
    const larger = padded(CHECK_REQUEST_MAX_BYTES + 1);
    assert.equal(reasonOf(decodeCheckResponse(await client.askBytes(larger))), "bad_request");
  });

  it("W34: lets the transport refuse what no Envoy sends", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client(undefined, undefined, { "grpc.max_send_message_length": -1 });
    const tooLarge = Buffer.alloc(CHECK_TRANSPORT_MAX_BYTES + 1);
    await assert.rejects(client.askBytes(tooLarge), { code: status.RESOURCE_EXHAUSTED });
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("W29: denies a path that does not begin with `/`, and tells the client nothing of it", async () => {
    await using fixture = await AuthzFixture.start();
    const denied = await fixture.client().ask(getCheck("token=secret"));
    assert.notEqual(denied.status?.code, 0);
    assert.ok(!JSON.stringify(denied).includes("secret"));
  });

  it("turns an error inside a check into one denial with reason internal, and goes on", async () => {
    let isBroken = true;
    await using fixture = await AuthzFixture.start(
      {},
      {
        onDecision() {
          if (isBroken) throw new Error("observer broke");
        },
      },
    );
    const client = fixture.client();
    assert.equal(reasonOf(await client.ask(getCheck("/public"))), "internal");
    assert.deepEqual(
      fixture.errors.map(({ message }) => message),
      ["observer broke"],
    );
    isBroken = false;
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("counts an internal denial with the observer, without the request that caused it", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    Object.defineProperty(fixture.store, "stale", {
      get: () => {
        throw new Error("evaluation broke");
      },
    });
    assert.equal(reasonOf(await client.ask(getCheck("/public"))), "internal");
    const [verdict, flow] = fixture.decisions.at(-1) ?? [];
    assert.ok(verdict?.allowed === false && verdict.reason === "internal");
    assert.equal(flow?.path, "");
  });

  it("W29: reports a flood of errors a few times only", async () => {
    await using fixture = await AuthzFixture.start({}, { onDecision: () => assert.fail("always") });
    const client = fixture.client();
    const answers = await Promise.all(Array.from({ length: 200 }, () => client.ask(getCheck("/public"))));
    assert.ok(answers.every((answer) => reasonOf(answer) === "internal"));
    assert.ok(fixture.errors.length >= 1 && fixture.errors.length < 20, `${fixture.errors.length} reported`);
  });

  it("sheds with overloaded what queues behind too much, in good replies, and recovers", async () => {
    await using fixture = await AuthzFixture.start({ waitMaxMs: 0 });
    const client = fixture.client();
    const answers = await Promise.all(Array.from({ length: 900 }, () => client.ask(getCheck("/public"))));
    const shed = answers.filter((answer) => reasonOf(answer) === "overloaded");
    const allowed = answers.filter((answer) => answer.status?.code === 0);
    assert.equal(shed.length + allowed.length, 900);
    assert.ok(shed.length > 0 && allowed.length >= CHECK_QUEUE_MIN, `${shed.length} shed`);
    const record = fixture.decisions.find(([verdict]) => !verdict.allowed && verdict.reason === "overloaded");
    assert.equal(record?.[1].path, "");
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("answers calls with a deadline, generous or nearly over", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    assert.equal((await client.ask(getCheck("/public"), { deadlineMs: 5_000 })).status?.code, 0);
    await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 0 }), {
      code: status.DEADLINE_EXCEEDED,
    });
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("goes on after calls that were cancelled before, during and after their answer", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    const bytes = encodeCheckRequest(getCheck("/public"));
    let ended = 0;
    for (let i = 0; i < 300; i++) {
      const call = client.start(bytes, {}, () => ended++);
      if (i % 3 === 0) call.cancel();
      if (i % 3 === 1) setImmediate(() => call.cancel());
    }
    await until(() => ended === 300, "every call has ended");
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("W33: answers checks with whole revisions while policy is replaced under them", async () => {
    await using fixture = await AuthzFixture.start();
    const client = fixture.client();
    let asked = 0;
    for (let round = 0; round < 20; round++) {
      const answers = Array.from({ length: 20 }, () => client.ask(getCheck("/anything")));
      publishRules(fixture.store, [{ action: round % 2 === 0 ? "allow" : "deny" }]);
      for (const answer of await Promise.all(answers)) {
        asked++;
        const { revision, reason } = answer.dynamic_metadata?.fields ?? {};
        const isOld = revision?.numberValue === 1 && reason?.stringValue !== "rule";
        const isDenied = reason?.stringValue === "rule" && (revision?.numberValue ?? 0) % 2 === 1;
        assert.ok(answer.status?.code === 0 || isOld || isDenied, JSON.stringify(answer));
      }
    }
    assert.equal(asked, 400);
  });
});

describe("AuthzServer's connections", () => {
  it("W34: refuses connections above its limit and takes new ones when there is room", async () => {
    await using fixture = await AuthzFixture.start({ connectionsMax: 1 });
    const first = fixture.client();
    assert.equal((await first.ask(getCheck("/public"))).status?.code, 0);
    const refused = connect({ path: fixture.socket });
    await new Promise((resolve) => refused.on("close", resolve).resume());
    assert.equal(fixture.server.connectionsRefused, 1);
    assert.equal((await first.ask(getCheck("/public"))).status?.code, 0);
    first.close();
    await until(() => fixture.server.connectionCount === 0, "the first connection is gone");
    assert.equal((await fixture.client().ask(getCheck("/public"))).status?.code, 0);
  });

  it("answers more calls at once than one connection may carry", async () => {
    await using fixture = await AuthzFixture.start({ streamsMax: 10 });
    const client = fixture.client();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.ask(getCheck("/public"))));
    assert.ok(answers.every((answer) => answer.status?.code === 0));
  });

  it("survives connections that say nothing, or what is not HTTP/2", async () => {
    await using fixture = await AuthzFixture.start();
    for (const words of [
      "",
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff",
    ]) {
      const socket = connect({ path: fixture.socket });
      socket.on("error", () => {});
      socket.end(words, "latin1");
      await new Promise((resolve) => socket.on("close", resolve).resume());
    }
    assert.equal((await fixture.client().ask(getCheck("/public"))).status?.code, 0);
  });

  it("W30: makes its socket for owner and group, and takes it away at the end", async () => {
    const fixture = await AuthzFixture.start();
    assert.equal(statSync(fixture.socket).mode & 0o777, 0o660);
    await fixture.server.close();
    assert.equal(existsSync(fixture.socket), false);
    await fixture[Symbol.asyncDispose]();
  });

  it("W30: a second server refuses a live socket and leaves the first one answering", async () => {
    await using fixture = await AuthzFixture.start();
    const identity = new PeerIdentityReader(systemClock, { trustDomains: "any", semantics: "strict" });
    const second = new AuthzServer(systemClock, fixture.store, identity, { onDecision() {} }, {});
    await assert.rejects(second.listen({ kind: "unix", path: fixture.socket }), /another process listens/);
    await second.close();
    assert.equal((await fixture.client().ask(getCheck("/public"))).status?.code, 0);
  });

  it("W31: has no way for a caller to stop or change it: whatever is not a check or health is unimplemented", async () => {
    await using fixture = await AuthzFixture.start();
    const { grpc } = fixture.client();
    for (const path of [
      "/terminate",
      "/envoy.service.auth.v3.Authorization/Stop",
      "/felix.PolicySync/Sync",
    ]) {
      const asIs = (bytes: Buffer): Buffer => bytes;
      const code = await new Promise((resolve) => {
        grpc.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error) => resolve(error?.code));
      });
      assert.equal(code, status.UNIMPLEMENTED, path);
    }
  });

  it("listens on several addresses at once", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: { kind: "insecure" } });
    const address = await fixture.server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    assert.ok(address.kind === "tcp" && address.port > 0);
    for (const target of [`unix:${fixture.socket}`, `127.0.0.1:${address.port}`]) {
      assert.equal((await fixture.client(target).ask(getCheck("/public"))).status?.code, 0);
    }
    await assert.rejects(fixture.server.listen(address), { code: "EADDRINUSE" });
  });
});
