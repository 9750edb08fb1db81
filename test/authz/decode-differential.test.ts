import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type protobuf from "protobufjs";
import { type CheckVersion, decodeCheckRequest } from "../../src/authz/decode-check-request.ts";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { parseAddress } from "../../src/net/address.ts";
import { Flow } from "../../src/policy/flow.ts";
import { checkRequestArbitrary } from "../support/generate-check-request.ts";
import { officialProtos } from "../support/official-protos.ts";

const RUNS = Number(process.env.EPHOR_RUNS ?? 2_000);

const CheckRequest = officialProtos("envoy/service/auth/v3/external_auth.proto").lookupType(
  "envoy.service.auth.v3.CheckRequest",
);

// biome-ignore lint/suspicious/noExplicitAny: whatever the generic decoder found, read field by field
type Decoded = any;

/** The flow that follows from a completely decoded request: slow, and without a byte of ours. */
function expectedFlow(bytes: Uint8Array, identity: PeerIdentityReader, version: CheckVersion): Flow {
  const decoded: Decoded = CheckRequest.toObject(CheckRequest.decode(bytes), { longs: Number });
  const { source, destination, request } = decoded.attributes ?? {};
  const isStrict = identity.semantics === "strict";
  const flow = new Flow();
  fillSide(flow, "source", source, isStrict);
  fillSide(flow, "destination", destination, isStrict);
  const http = request?.http;
  flow.method = latin1(http?.method ?? "");
  flow.path = latin1(http?.path ?? "");
  flow.hasHttp = version === "v3" ? http !== undefined : !isStrict || flow.method !== "" || flow.path !== "";
  flow.protocol = expectedProtocol(destination?.address?.socket_address, http?.protocol ?? "", isStrict);
  flow.peer = identity.read(source?.principal ?? "", source?.certificate ?? "");
  if (!isStrict)
    flow.destinationPeer = identity.read(destination?.principal ?? "", destination?.certificate ?? "");
  return flow;
}

function fillSide(flow: Flow, side: "source" | "destination", peer: Decoded, isStrict: boolean): void {
  const socket = peer?.address?.socket_address;
  const address = parseAddress(socket?.address ?? "");
  flow[`${side}Family`] = address?.family ?? 0;
  flow[`${side}0`] = address?.w0 ?? 0;
  flow[`${side}1`] = address?.w1 ?? 0;
  flow[`${side}2`] = address?.w2 ?? 0;
  flow[`${side}3`] = address?.w3 ?? 0;
  const port = socket?.port_value;
  const isKnown = port !== undefined && port <= 65_535;
  flow[`${side}Port`] = isKnown ? port : isStrict ? -1 : 0;
}

function expectedProtocol(socket: Decoded, httpProtocol: string, isStrict: boolean): number {
  const number = [6, 17][Number(socket?.protocol ?? 0)];
  if (!isStrict) return number ?? 6;
  if (socket === undefined || !["", "HTTP/1.0", "HTTP/1.1", "HTTP/2"].includes(httpProtocol)) return 0;
  return number ?? 0;
}

function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The same fields in another order, and fields from the future between them: no decoder may care. */
function shuffle(bytes: Uint8Array, type: protobuf.Type, random: () => number): Buffer {
  const fields: Buffer[] = [Buffer.from("f8ffff7f01", "hex"), Buffer.from("faffff7f0141", "hex")];
  let offset = 0;
  while (offset < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, offset);
    let end = (tag & 7) === 2 ? afterTag : readVarint(bytes, afterTag)[1];
    let content: Uint8Array | undefined;
    if ((tag & 7) === 2) {
      const [length, start] = readVarint(bytes, afterTag);
      end = start + length;
      content = bytes.subarray(start, end);
    }
    const nested = type.fieldsById[tag >>> 3]?.resolve();
    if (content !== undefined && SHUFFLED.has(nested?.name ?? "") && nested?.resolvedType != null) {
      const inner = shuffle(content, nested.resolvedType as protobuf.Type, random);
      fields.push(Buffer.concat([bytes.subarray(offset, afterTag), varint(inner.length), inner]));
    } else {
      fields.push(Buffer.from(bytes.subarray(offset, end)));
    }
    offset = end;
  }
  return Buffer.concat(
    fields
      .map((field) => ({ field, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ field }) => field),
  );
}

const SHUFFLED = new Set([
  "attributes",
  "source",
  "destination",
  "address",
  "socket_address",
  "request",
  "http",
]);

function readVarint(bytes: Uint8Array, offset: number): [value: number, end: number] {
  let value = 0;
  for (let i = offset, scale = 1; ; i++, scale *= 128) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, i + 1];
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

describe("decodeCheckRequest() and a generic decoder with Envoy's own texts", () => {
  for (const semantics of ["strict", "calico"] as const) {
    for (const version of ["v2", "v3"] as const) {
      it(`agree on random requests, ${version}, ${semantics}`, () => {
        const identity = new PeerIdentityReader(systemClock, { trustDomains: ["cluster.local"], semantics });
        fc.assert(
          fc.property(
            checkRequestArbitrary(),
            fc.infiniteStream(fc.double({ noNaN: true })),
            (request, numbers) => {
              const bytes = CheckRequest.encode(CheckRequest.fromObject(request)).finish();
              const want = expectedFlow(bytes, identity, version);
              const flow = new Flow();
              assert.equal(decodeCheckRequest(bytes, flow, identity, version), true);
              assert.deepEqual({ ...flow }, { ...want });
              const shuffled = shuffle(bytes, CheckRequest, () => numbers.next().value ?? 0);
              assert.equal(decodeCheckRequest(shuffled, flow, identity, version), true);
              assert.deepEqual({ ...flow }, { ...want });
            },
          ),
          { numRuns: Math.ceil(RUNS / 4) },
        );
      });
    }
  }
});
