import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeCheckRequest } from "../../src/authz/decode-check-request.ts";
import { systemClock } from "../../src/base/clock.ts";
import { WIRE_GROUP_DEPTH_MAX } from "../../src/base/limits.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { parseAddress } from "../../src/net/address.ts";
import { Flow, PORT_UNKNOWN, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_UNKNOWN } from "../../src/policy/flow.ts";
import { encodeCheckRequest, type Plain, socketAddress } from "../support/check-requests.ts";

const STRICT = new PeerIdentityReader(systemClock, { trustDomains: ["cluster.local"], semantics: "strict" });
const CALICO = new PeerIdentityReader(systemClock, { trustDomains: "any", semantics: "calico" });

function decode(bytes: Uint8Array, identity = STRICT, version: "v2" | "v3" = "v3"): Flow {
  const flow = new Flow();
  assert.equal(decodeCheckRequest(bytes, flow, identity, version), true);
  return flow;
}

function decodeAttributes(attributes: Plain, identity = STRICT, version: "v2" | "v3" = "v3"): Flow {
  return decode(encodeCheckRequest(attributes, version), identity, version);
}

function isDecodable(bytes: Uint8Array): boolean {
  return decodeCheckRequest(bytes, new Flow(), STRICT, "v3");
}

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const FULL: Plain = {
  source: { address: socketAddress("10.1.0.7", 40_000), principal: WEB, service: "x", labels: { a: "b" } },
  destination: {
    address: socketAddress("2001:db8::1", 8_443),
    principal: "spiffe://cluster.local/ns/shop/sa/api",
  },
  request: {
    http: {
      id: "1",
      method: "GET",
      path: "/v1/x?y=1",
      host: "api",
      protocol: "HTTP/2",
      headers: { ":path": "/z" },
    },
  },
  context_extensions: { route: "main" },
};

describe("decodeCheckRequest()", () => {
  it("reads addresses, ports, protocol, principal, method and path", () => {
    const flow = decodeAttributes(FULL);
    assert.deepEqual([flow.sourceFamily, flow.source0, flow.source1], [4, 0x0a010007, 0]);
    assert.equal(flow.sourcePort, 40_000);
    assert.deepEqual(
      [flow.destinationFamily, flow.destination0, flow.destination1, flow.destination2, flow.destination3],
      [6, 0x20010db8, 0, 0, 1],
    );
    assert.equal(flow.destinationPort, 8_443);
    assert.equal(flow.protocol, PROTOCOL_TCP);
    assert.ok(flow.peer.kind === "service-account");
    assert.deepEqual([flow.peer.namespace, flow.peer.name], ["shop", "web"]);
    assert.deepEqual([flow.hasHttp, flow.method, flow.path], [true, "GET", "/v1/x?y=1"]);
    assert.equal(flow.httpFollows, false);
  });

  it("leaves nothing of an earlier request in the flow", () => {
    const flow = decodeAttributes(FULL);
    assert.equal(decodeCheckRequest(new Uint8Array(0), flow, STRICT, "v3"), true);
    assert.deepEqual({ ...flow }, { ...new Flow(), protocol: PROTOCOL_UNKNOWN });
    decodeCheckRequest(encodeCheckRequest(FULL), flow, STRICT, "v3");
    assert.equal(decodeCheckRequest(Buffer.from("ff", "hex"), flow, STRICT, "v3"), false);
    assert.deepEqual({ ...flow }, { ...new Flow(), protocol: PROTOCOL_UNKNOWN });
  });

  it("takes an IPv4-mapped IPv6 address for the IPv4 address", () => {
    const flow = decodeAttributes({ source: { address: socketAddress("::ffff:10.1.0.7", 1) } });
    assert.deepEqual([flow.sourceFamily, flow.source0, flow.source3], [4, 0x0a010007, 0]);
  });

  it("reads a method and a path as bytes, whatever they are", () => {
    const flow = decodeAttributes({ request: { http: { method: "GÉT", path: "/é\0\n" } } });
    assert.deepEqual([flow.method, flow.path], ["G\xc3\x89T", "/\xc3\xa9\0\n"]);
  });

  it("reads from any Uint8Array, wherever it begins in its memory", () => {
    const bytes = encodeCheckRequest(FULL);
    const shifted = new Uint8Array(bytes.length + 5);
    shifted.set(bytes, 5);
    assert.equal(decode(shifted.subarray(5)).path, "/v1/x?y=1");
  });

  it("asks who the destination is only where semantics do", () => {
    assert.equal(decodeAttributes(FULL).destinationPeer.kind, "none");
    const { destinationPeer } = decodeAttributes(FULL, CALICO);
    assert.ok(destinationPeer.kind === "service-account" && destinationPeer.name === "api");
  });

  it("judges the principal with the certificate", () => {
    const { peer } = decodeAttributes({ source: { principal: WEB, certificate: "garbage" } });
    assert.equal(peer.kind, "foreign");
  });

  it("W24: decodes a request without source and destination, in every version", () => {
    for (const version of ["v2", "v3"] as const) {
      for (const identity of [STRICT, CALICO]) {
        const flow = decodeAttributes({ request: { http: { method: "GET", path: "/" } } }, identity, version);
        assert.deepEqual([flow.sourceFamily, flow.destinationFamily, flow.peer.kind], [0, 0, "none"]);
        assert.equal(flow.path, "/");
      }
    }
  });
});

describe("decodeCheckRequest() on what a check does not tell", () => {
  const cases: readonly (readonly [what: string, peer: Plain, strictPort: number, calicoPort: number])[] = [
    ["a peer that is absent", {}, PORT_UNKNOWN, 0],
    ["a pipe", { address: { pipe: { path: "/run/x" } } }, PORT_UNKNOWN, 0],
    [
      "an internal listener",
      { address: { envoy_internal_address: { server_listener_name: "x" } } },
      PORT_UNKNOWN,
      0,
    ],
    ["an address without port", { address: { socket_address: { address: "10.0.0.1" } } }, PORT_UNKNOWN, 0],
    [
      "a port by name",
      { address: { socket_address: { address: "10.0.0.1", named_port: "http" } } },
      PORT_UNKNOWN,
      0,
    ],
    ["port 0", { address: socketAddress("10.0.0.1", 0) }, 0, 0],
    ["the highest port", { address: socketAddress("10.0.0.1", 65_535) }, 65_535, 65_535],
    ["an impossible port", { address: socketAddress("10.0.0.1", 65_536) }, PORT_UNKNOWN, 0],
  ];
  for (const [what, peer, strictPort, calicoPort] of cases) {
    it(`${what}: port ${strictPort} in strict, ${calicoPort} in calico semantics`, () => {
      for (const side of ["source", "destination"] as const) {
        assert.equal(decodeAttributes({ [side]: peer })[`${side}Port`], strictPort);
        assert.equal(decodeAttributes({ [side]: peer }, CALICO)[`${side}Port`], calicoPort);
      }
    });
  }

  for (const text of [
    "",
    "localhost",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.1:80",
    "fe80::1%eth0",
    "1::2::3",
    "10.0.0.1\0",
  ]) {
    it(`${JSON.stringify(text)} is not an IP address`, () => {
      const flow = decodeAttributes({ source: { address: socketAddress(text, 80) } });
      assert.deepEqual([flow.sourceFamily, flow.source0, flow.source1, flow.sourcePort], [0, 0, 0, 80]);
      assert.equal(parseAddress(text), undefined);
    });
  }

  const protocols: readonly (readonly [what: string, attributes: Plain, strict: number, calico: number])[] = [
    ["TCP", { destination: { address: socketAddress("::1", 1) } }, PROTOCOL_TCP, PROTOCOL_TCP],
    [
      "UDP",
      { destination: { address: socketAddress("::1", 1, { protocol: "UDP" }) } },
      PROTOCOL_UDP,
      PROTOCOL_UDP,
    ],
    [
      "a protocol without a name",
      { destination: { address: socketAddress("::1", 1, { protocol: 7 }) } },
      PROTOCOL_UNKNOWN,
      PROTOCOL_TCP,
    ],
    [
      "UDP of the source only",
      { source: { address: socketAddress("::1", 1, { protocol: "UDP" }) } },
      PROTOCOL_UNKNOWN,
      PROTOCOL_TCP,
    ],
    ["no destination", {}, PROTOCOL_UNKNOWN, PROTOCOL_TCP],
    ["a pipe", { destination: { address: { pipe: { path: "x" } } } }, PROTOCOL_UNKNOWN, PROTOCOL_TCP],
  ];
  for (const [what, attributes, strict, calico] of protocols) {
    it(`${what}: protocol ${strict} in strict, ${calico} in calico semantics`, () => {
      assert.equal(decodeAttributes(attributes).protocol, strict);
      assert.equal(decodeAttributes(attributes, CALICO).protocol, calico);
    });
  }

  for (const [protocol, want] of [
    ["", PROTOCOL_TCP],
    ["HTTP/1.0", PROTOCOL_TCP],
    ["HTTP/1.1", PROTOCOL_TCP],
    ["HTTP/2", PROTOCOL_TCP],
    ["HTTP/3", PROTOCOL_UNKNOWN],
    ["HTTP/4", PROTOCOL_UNKNOWN],
    ["http/2", PROTOCOL_UNKNOWN],
  ] as const) {
    it(`W15: HTTP version ${JSON.stringify(protocol)} over a TCP socket is protocol ${want}`, () => {
      const attributes = {
        destination: { address: socketAddress("::1", 1) },
        request: { http: { method: "GET", path: "/", protocol } },
      };
      assert.equal(decodeAttributes(attributes).protocol, want);
      assert.equal(decodeAttributes(attributes, CALICO).protocol, PROTOCOL_TCP);
    });
  }

  it("W9: without request.http there is no HTTP part, in v3 under both semantics", () => {
    assert.equal(decodeAttributes({}).hasHttp, false);
    assert.equal(decodeAttributes({ request: {} }, CALICO).hasHttp, false);
    assert.equal(decodeAttributes({ request: { http: {} } }).hasHttp, true);
  });

  it("in v2 an empty HTTP part is none in strict semantics, and present in calico semantics", () => {
    for (const attributes of [{}, { request: { http: {} } }, { request: { http: { host: "x" } } }]) {
      assert.equal(decodeAttributes(attributes, STRICT, "v2").hasHttp, false);
      assert.equal(decodeAttributes(attributes, CALICO, "v2").hasHttp, true);
    }
    assert.equal(decodeAttributes({ request: { http: { method: "GET" } } }, STRICT, "v2").hasHttp, true);
    assert.equal(decodeAttributes({ request: { http: { path: "/" } } }, STRICT, "v2").hasHttp, true);
  });
});

describe("decodeCheckRequest() on protobuf's finer points", () => {
  it("merges messages that come in pieces; of scalars the last counts", () => {
    const pieces = [
      {
        source: { address: socketAddress("10.0.0.1", 1), principal: "CN=x" },
        request: { http: { method: "GET" } },
      },
      {
        source: { address: { socket_address: { port_value: 2 } }, principal: WEB },
        request: { http: { path: "/a" } },
      },
      { request: { http: { method: "POST" } } },
    ];
    const flow = decode(Buffer.concat(pieces.map((piece) => encodeCheckRequest(piece))));
    assert.deepEqual([flow.sourceFamily, flow.source0, flow.sourcePort], [4, 0x0a000001, 2]);
    assert.deepEqual([flow.method, flow.path], ["POST", "/a"]);
    assert.equal(flow.peer.kind, "service-account");
  });

  it("the last member of a oneof clears the others", () => {
    const socket = { source: { address: socketAddress("10.0.0.1", 1) } };
    const pipe = { source: { address: { pipe: { path: "x" } } } };
    const portOnly = { source: { address: { socket_address: { port_value: 9 } } } };
    const named = { source: { address: { socket_address: { named_port: "http" } } } };
    const decodePieces = (...pieces: Plain[]) =>
      decode(Buffer.concat(pieces.map((piece) => encodeCheckRequest(piece))));
    assert.equal(decodePieces(socket, pipe).sourceFamily, 0);
    assert.equal(decodePieces(pipe, socket).sourceFamily, 4);
    const again = decodePieces(socket, pipe, portOnly);
    assert.deepEqual([again.sourceFamily, again.sourcePort], [0, 9]);
    assert.equal(decodePieces(socket, named).sourcePort, PORT_UNKNOWN);
    assert.equal(decodePieces(socket, named, portOnly).sourcePort, 9);
  });

  it("an empty string set last empties the field", () => {
    // attributes { request { http { method "GET", then method "" } } }
    const flow = decode(Buffer.from("0a0b2209120712034745541200", "hex"));
    assert.deepEqual([flow.hasHttp, flow.method], [true, ""]);
  });

  const unknown: readonly (readonly [what: string, hex: string])[] = [
    ["a varint", "f8ffffff0f01"],
    ["a varint of ten bytes", "7880808080808080808001"],
    ["eight fixed bytes", "790102030405060708"],
    ["four fixed bytes", "7d01020304"],
    ["bytes", "7a03010203"],
    ["a group", "7b7c"],
    ["a group with fields", "7b0801120101" + "7c"],
    ["a group in a group", "7b8301840" + "17c"],
    ["field 1 as a varint", "0801"],
  ];
  for (const [what, hex] of unknown) {
    it(`passes over ${what} that it does not know`, () => {
      const rest = encodeCheckRequest(FULL);
      assert.equal(decode(Buffer.concat([Buffer.from(hex, "hex"), rest])).path, "/v1/x?y=1");
      assert.equal(decode(Buffer.concat([rest, Buffer.from(hex, "hex")])).path, "/v1/x?y=1");
    });
  }

  const broken: readonly (readonly [what: string, hex: string])[] = [
    ["field number 0", "0001"],
    ["wire type 6", "0e"],
    ["wire type 7", "0f"],
    ["a tag without value", "08"],
    ["an unfinished tag", "88"],
    ["a tag above 32 bits", "f8ffffff1f01"],
    ["a tag of six bytes", "88808080800001"],
    ["an unfinished varint", "7880"],
    ["a varint of eleven bytes", "788080808080808080808001"],
    ["three of four fixed bytes", "7d010203"],
    ["seven of eight fixed bytes", "7901020304050607"],
    ["a length past the end", "0a01"],
    ["a length of four gigabytes", "0affffffff0f"],
    ["a length above 32 bits", "0a8080808010"],
    ["a nested length past its parent", "0a020a050000000000"],
    ["the end of a group that never began", "7c"],
    ["an unfinished group", "7b"],
    ["a group that ends as another", "7b8401"],
    ["field number 0 in source", "0a040a020001"],
  ];
  for (const [what, hex] of broken) {
    it(`refuses ${what}`, () => assert.equal(isDecodable(Buffer.from(hex, "hex")), false));
  }

  it("refuses every cut of a request that does not end between two fields of the outermost message", () => {
    const bytes = encodeCheckRequest(FULL);
    for (let length = 1; length < bytes.length; length++)
      assert.equal(isDecodable(bytes.subarray(0, length)), false, `${length}`);
  });

  it(`W34: takes groups nested ${WIRE_GROUP_DEPTH_MAX} deep and refuses deeper ones, a million deep too`, () => {
    const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)]);
    assert.equal(isDecodable(nested(WIRE_GROUP_DEPTH_MAX)), true);
    assert.equal(isDecodable(nested(WIRE_GROUP_DEPTH_MAX + 1)), false);
    assert.equal(isDecodable(nested(1_000_000)), false);
  });
});

describe("decodeCheckRequest() on checks recorded from Envoy", () => {
  const directory = new URL("envoy-checks/", import.meta.url);
  const files = readdirSync(directory);

  it("has the recordings", () => assert.ok(files.length >= 6));

  for (const file of files) {
    it(`decodes ${file}`, () => {
      const { attributes } = JSON.parse(readFileSync(new URL(file, directory), "utf8")).request;
      const flow = decodeAttributes(attributes);
      assert.deepEqual([flow.sourceFamily, flow.source0, flow.protocol], [4, 0x7f000001, PROTOCOL_TCP]);
      assert.equal(flow.sourcePort, attributes.source.address.socket_address.port_value);
      assert.equal(flow.destinationPort, attributes.destination.address.socket_address.port_value);
      assert.equal(flow.hasHttp, attributes.request !== undefined);
      assert.equal(flow.path, attributes.request?.http.path ?? "");
      assert.equal(flow.peer.kind, "service-account");
    });
  }
});
