import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDefinition } from "envoy-ext-authz-proto";
import { decodeCheckRequest } from "../../src/authz/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { Flow } from "../../src/policy/flow.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const GATEWAY = "spiffe://cluster.local/ns/edge/sa/gateway";
const WORD = `By=${GATEWAY};URI=${WEB}`;

type Method = { readonly requestSerialize: (request: object) => Buffer };

/** One length-delimited field, for what our protocol texts leave out. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  const varint = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
}

/** A check whose headers are raw, as with `encode_raw_headers`: names and values in `header_map`. */
function rawCheck(headers: readonly (readonly [name: string, value: string])[], mapped?: string): Buffer {
  const values = headers.map(([name, value]) => field(1, Buffer.concat([field(1, name), field(3, value)])));
  const entry = Buffer.concat([field(1, "x-forwarded-client-cert"), field(2, mapped ?? "")]);
  const http = Buffer.concat([
    field(2, "GET"),
    ...(mapped === undefined ? [] : [field(3, entry)]),
    field(13, Buffer.concat(values)),
  ]);
  return field(1, Buffer.concat([field(1, field(4, GATEWAY)), field(4, field(2, http))]));
}

function callerOf(http: object, forwardedBy: readonly string[] = [GATEWAY]): string {
  const service = loadDefinition()["envoy.service.auth.v3.Authorization"] as unknown as { Check: Method };
  const bytes = service.Check.requestSerialize({
    attributes: { source: { principal: GATEWAY }, request: { http: { method: "GET", path: "/", ...http } } },
  });
  return readCaller(bytes, forwardedBy);
}

function readCaller(bytes: Buffer, forwardedBy: readonly string[]): string {
  const reader = new PeerIdentityReader(systemClock, {
    trustDomains: ["cluster.local"],
    semantics: "strict",
    forwardedBy,
  });
  const flow = new Flow();
  assert.ok(decodeCheckRequest(bytes, flow, reader, "v3"));
  const { peer } = flow;
  return peer.kind === "service-account" ? peer.name : peer.kind === "foreign" ? peer.why : "none";
}

describe("the forwarded-certificate header of a check", () => {
  it("is read from the map of headers", () =>
    assert.equal(callerOf({ headers: { a: "b", "x-forwarded-client-cert": WORD, c: "d" } }), "web"));

  it("is read in whatever case its name is", () =>
    assert.equal(callerOf({ headers: { "X-Forwarded-Client-Cert": WORD } }), "web"));

  it("is not read where no proxy is believed", () =>
    assert.equal(callerOf({ headers: { "x-forwarded-client-cert": WORD } }, []), "gateway"));

  const nobody = [
    ["absent", {}],
    ["a header of a longer name", { headers: { "x-forwarded-client-certs": WORD } }],
    ["a header of a shorter name", { headers: { "x-forwarded-client-cer": WORD } }],
    ["empty", { headers: { "x-forwarded-client-cert": "" } }],
  ] as const;
  for (const [why, http] of nobody) {
    it(`tells of nobody when it is ${why}`, () => assert.match(callerOf(http), /tells of none/));
  }

  it("is read from raw headers, several values as one", () => {
    const nearest = `By=${WEB};URI=${GATEWAY}`;
    const name = "x-forwarded-client-cert";
    assert.equal(
      readCaller(
        rawCheck([
          ["a", "b"],
          [name, WORD],
        ]),
        [GATEWAY],
      ),
      "web",
    );
    assert.equal(
      readCaller(
        rawCheck([
          [name, WORD],
          ["a", "b"],
          [name, nearest],
        ]),
        [GATEWAY],
      ),
      "web",
    );
    assert.match(readCaller(rawCheck([["a", WORD]]), [GATEWAY]), /tells of none/);
  });

  it("tells of nobody where both forms of headers hold it", () => {
    const raw = rawCheck([["x-forwarded-client-cert", WORD]], WORD);
    assert.match(readCaller(raw, [GATEWAY]), /tells of none/);
  });
});
