import { NOTHING, WIRE_BYTES, WireReader } from "../base/wire-reader.ts";
import { NO_IDENTITY, type PeerIdentity } from "../identity/peer-identity.ts";
import type { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { readAddress } from "../net/address.ts";
import {
  ADDRESS_NONE,
  type Flow,
  PORT_UNKNOWN,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UNKNOWN,
} from "../policy/flow.ts";
import { HttpFields, PeerFields, PORT_ABSENT } from "./check-fields.ts";

/** v2 and v2alpha share their messages. */
export type CheckVersion = "v2" | "v3";

/**
 * Decodes a CheckRequest into `flow`, reading only what policy needs (docs/semantics.md, "Clauses" and "Calico mode").
 *
 * Where the check does not tell something, `strict` semantics leave it unknown; `calico` semantics, those of the identity
 * reader, take port 0 and TCP. `flow.httpFollows` comes from the call's metadata and is set to false here.
 *
 * @returns false for bytes that are not a CheckRequest; `flow` is then blank. Never throws; time is linear in the bytes.
 */
export function decodeCheckRequest(
  bytes: Uint8Array,
  flow: Flow,
  identity: PeerIdentityReader,
  version: CheckVersion,
): boolean {
  source.reset();
  destination.reset();
  http.reset(identity.readsForwarded);
  reader.reset(bytes);
  readRequest(bytes.length);
  if (reader.failed) {
    blankFlow(flow);
    return false;
  }
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isStrict = identity.semantics === "strict";
  fillSource(buffer, flow, isStrict);
  fillDestination(buffer, flow, isStrict);
  fillHttp(buffer, flow, isStrict, version);
  flow.protocol = connectionProtocol(buffer, isStrict);
  const peer = readIdentity(buffer, source, identity);
  flow.peer = identity.readsForwarded ? identity.readForwarded(peer, forwardedHeader(buffer)) : peer;
  flow.destinationPeer = isStrict ? NO_IDENTITY : readIdentity(buffer, destination, identity);
  flow.httpFollows = false;
  return true;
}

/** Leaves nothing of an earlier request in a flow. */
export function blankFlow(flow: Flow): void {
  flow.sourceFamily = ADDRESS_NONE;
  flow.source0 = 0;
  flow.source1 = 0;
  flow.source2 = 0;
  flow.source3 = 0;
  flow.sourcePort = PORT_UNKNOWN;
  flow.destinationFamily = ADDRESS_NONE;
  flow.destination0 = 0;
  flow.destination1 = 0;
  flow.destination2 = 0;
  flow.destination3 = 0;
  flow.destinationPort = PORT_UNKNOWN;
  flow.protocol = PROTOCOL_UNKNOWN;
  flow.peer = NO_IDENTITY;
  flow.destinationPeer = NO_IDENTITY;
  flow.hasHttp = false;
  flow.method = "";
  flow.path = "";
  flow.httpFollows = false;
}

// Decoding is synchronous and never re-entered, so one set of scratch objects serves every request.
const reader = new WireReader();
const source = new PeerFields();
const destination = new PeerFields();
const http = new HttpFields();
const words = new Uint32Array(4);

const REQUEST_ATTRIBUTES = 1;
const ATTRIBUTES_SOURCE = 1;
const ATTRIBUTES_DESTINATION = 2;
const ATTRIBUTES_REQUEST = 4;

function readRequest(end: number): void {
  while (reader.nextField(end)) {
    if (reader.wireType !== WIRE_BYTES || reader.field !== REQUEST_ATTRIBUTES) {
      reader.skip(end);
      continue;
    }
    const contentEnd = reader.contentEnd(end);
    if (contentEnd === NOTHING) return;
    readAttributes(contentEnd);
    if (reader.failed) return;
  }
}

function readAttributes(end: number): void {
  while (reader.nextField(end)) {
    const { field } = reader;
    if (reader.wireType !== WIRE_BYTES) {
      reader.skip(end);
      continue;
    }
    const contentEnd = reader.contentEnd(end);
    if (contentEnd === NOTHING) return;
    if (field === ATTRIBUTES_SOURCE) source.read(reader, contentEnd);
    else if (field === ATTRIBUTES_DESTINATION) destination.read(reader, contentEnd);
    else if (field === ATTRIBUTES_REQUEST) http.read(reader, contentEnd);
    if (reader.failed) return;
    reader.offset = contentEnd;
  }
}

function fillSource(buffer: Buffer, flow: Flow, isStrict: boolean): void {
  flow.sourceFamily = addressFamily(buffer, source);
  flow.source0 = words[0]!;
  flow.source1 = words[1]!;
  flow.source2 = words[2]!;
  flow.source3 = words[3]!;
  flow.sourcePort = portNumber(source, isStrict);
}

function fillDestination(buffer: Buffer, flow: Flow, isStrict: boolean): void {
  flow.destinationFamily = addressFamily(buffer, destination);
  flow.destination0 = words[0]!;
  flow.destination1 = words[1]!;
  flow.destination2 = words[2]!;
  flow.destination3 = words[3]!;
  flow.destinationPort = portNumber(destination, isStrict);
}

/** Fills `words`, with zeros where there is no IP address. */
function addressFamily(buffer: Buffer, peer: PeerFields): number {
  words.fill(0);
  const family = peer.isSocket
    ? readAddress(buffer, peer.addressStart, peer.addressEnd, words)
    : ADDRESS_NONE;
  if (family === ADDRESS_NONE) words.fill(0);
  return family;
}

/** A port that is absent, given by name or impossible is not known; `calico` semantics take it for 0. */
function portNumber(peer: PeerFields, isStrict: boolean): number {
  if (peer.isSocket && peer.port !== PORT_ABSENT && peer.port <= 65_535) return peer.port;
  return isStrict ? PORT_UNKNOWN : 0;
}

function fillHttp(buffer: Buffer, flow: Flow, isStrict: boolean, version: CheckVersion): void {
  flow.method = latin1(buffer, http.methodStart, http.methodEnd);
  flow.path = latin1(buffer, http.pathStart, http.pathEnd);
  if (version === "v3") {
    flow.hasHttp = http.isPresent;
  } else {
    // v2 has an HTTP part in every check; an empty one says that there is none. `calico` semantics take it as it is.
    flow.hasHttp = !isStrict || flow.method !== "" || flow.path !== "";
  }
}

/**
 * The destination's protocol. Envoy says TCP of QUIC as well, where only the HTTP version tells; and where the destination
 * is not a socket, or there is none, nothing tells.
 */
function connectionProtocol(buffer: Buffer, isStrict: boolean): number {
  if (!isStrict) return socketProtocol(destination.protocol, PROTOCOL_TCP);
  if (!destination.isSocket || !isHttpOverTcp(buffer)) return PROTOCOL_UNKNOWN;
  return socketProtocol(destination.protocol, PROTOCOL_UNKNOWN);
}

function socketProtocol(protocol: number, otherwise: number): number {
  if (protocol === 0) return PROTOCOL_TCP;
  return protocol === 1 ? PROTOCOL_UDP : otherwise;
}

/** Whether `http.protocol` is absent or an HTTP version that runs over TCP. */
function isHttpOverTcp(buffer: Buffer): boolean {
  if (http.protocolStart === http.protocolEnd) return true;
  const text = latin1(buffer, http.protocolStart, http.protocolEnd);
  return text === "HTTP/1.1" || text === "HTTP/2" || text === "HTTP/1.0";
}

function readIdentity(buffer: Buffer, peer: PeerFields, identity: PeerIdentityReader): PeerIdentity {
  if (peer.principalStart === peer.principalEnd && peer.certificateStart === peer.certificateEnd) {
    return NO_IDENTITY;
  }
  return identity.readBytes(
    buffer,
    peer.principalStart,
    peer.principalEnd,
    peer.certificateStart,
    peer.certificateEnd,
  );
}

/** Several values are one header, as everywhere in HTTP. */
function forwardedHeader(buffer: Buffer): string | undefined {
  const { ranges, isAmbiguous } = http.forwarded;
  if (isAmbiguous || ranges.length === 0) return undefined;
  const values: string[] = [];
  for (let i = 0; i < ranges.length; i += 2) values.push(latin1(buffer, ranges[i]!, ranges[i + 1]!));
  return values.join(",");
}

function latin1(buffer: Buffer, start: number, end: number): string {
  return start === end ? "" : buffer.toString("latin1", start, end);
}
