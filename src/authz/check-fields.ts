import { NOTHING, WIRE_BYTES, WIRE_VARINT, type WireReader } from "../base/wire-reader.ts";
import { FORWARDED_HEADER } from "../identity/forwarded-header.ts";

/** No port was given, or one by name. */
export const PORT_ABSENT = -1;

/**
 * One peer of a CheckRequest, as ranges of the request's bytes. Reused from request to request.
 *
 * protobuf lets a message come in several pieces, which merge: the last scalar counts, the last member of a oneof clears the
 * others. Reading on into the same object is that merge.
 */
export class PeerFields {
  /** Whether the address is a `socket_address`; the next four describe it. */
  isSocket = false;
  addressStart = 0;
  addressEnd = 0;
  /** `port_value`, or PORT_ABSENT. */
  port: number = PORT_ABSENT;
  /** `SocketAddress.Protocol`; 0 is TCP. */
  protocol = 0;
  principalStart = 0;
  principalEnd = 0;
  certificateStart = 0;
  certificateEnd = 0;

  reset(): void {
    this.#clearSocket();
    this.isSocket = false;
    this.principalStart = 0;
    this.principalEnd = 0;
    this.certificateStart = 0;
    this.certificateEnd = 0;
  }

  /** Reads an `AttributeContext.Peer` that fills the bytes up to `end`. */
  read(reader: WireReader, end: number): void {
    while (reader.nextField(end)) {
      if (reader.wireType !== WIRE_BYTES || !isPeerField(reader.field)) {
        reader.skip(end);
        continue;
      }
      const { field } = reader;
      const contentEnd = reader.contentEnd(end);
      if (contentEnd === NOTHING) return;
      if (field === PEER_ADDRESS) {
        this.#readAddress(reader, contentEnd);
      } else if (field === PEER_PRINCIPAL) {
        this.principalStart = reader.offset;
        this.principalEnd = contentEnd;
      } else {
        this.certificateStart = reader.offset;
        this.certificateEnd = contentEnd;
      }
      reader.offset = contentEnd;
    }
  }

  #readAddress(reader: WireReader, end: number): void {
    while (reader.nextField(end)) {
      const { field } = reader;
      if (reader.wireType !== WIRE_BYTES || field < ADDRESS_SOCKET || field > ADDRESS_INTERNAL) {
        reader.skip(end);
        continue;
      }
      const contentEnd = reader.contentEnd(end);
      if (contentEnd === NOTHING) return;
      if (field === ADDRESS_SOCKET) {
        this.isSocket = true;
        this.#readSocketAddress(reader, contentEnd);
      } else {
        // A pipe or an internal listener: another member of the oneof, which clears the socket address.
        this.isSocket = false;
        this.#clearSocket();
      }
      if (reader.failed) return;
      reader.offset = contentEnd;
    }
  }

  #readSocketAddress(reader: WireReader, end: number): void {
    while (reader.nextField(end)) {
      const { field, wireType } = reader;
      if (wireType === WIRE_VARINT && field === SOCKET_PROTOCOL) {
        this.protocol = reader.varint32(end);
      } else if (wireType === WIRE_VARINT && field === SOCKET_PORT_VALUE) {
        this.port = reader.varint32(end);
      } else if (wireType === WIRE_BYTES && field === SOCKET_ADDRESS) {
        const contentEnd = reader.contentEnd(end);
        if (contentEnd === NOTHING) return;
        this.addressStart = reader.offset;
        this.addressEnd = contentEnd;
        reader.offset = contentEnd;
      } else {
        if (wireType === WIRE_BYTES && field === SOCKET_NAMED_PORT) this.port = PORT_ABSENT;
        reader.skip(end);
      }
    }
  }

  #clearSocket(): void {
    this.addressStart = 0;
    this.addressEnd = 0;
    this.port = PORT_ABSENT;
    this.protocol = 0;
  }
}

/** The HTTP part of a CheckRequest, in the same manner. */
export class HttpFields {
  isPresent = false;
  methodStart = 0;
  methodEnd = 0;
  pathStart = 0;
  pathEnd = 0;
  protocolStart = 0;
  protocolEnd = 0;
  /** Whether headers are looked at, for the one of FORWARDED_HEADER. Set once a request, before `read`. */
  wantsForwarded = false;
  /** Its values, in the order in which they stand; a map holds it once, the last counts. */
  readonly forwarded: ForwardedValues = new ForwardedValues();

  reset(wantsForwarded: boolean): void {
    this.wantsForwarded = wantsForwarded;
    if (wantsForwarded) this.forwarded.reset();
    this.isPresent = false;
    this.methodStart = 0;
    this.methodEnd = 0;
    this.pathStart = 0;
    this.pathEnd = 0;
    this.protocolStart = 0;
    this.protocolEnd = 0;
  }

  /** Reads an `AttributeContext.Request` that fills the bytes up to `end`. */
  read(reader: WireReader, end: number): void {
    while (reader.nextField(end)) {
      if (reader.wireType !== WIRE_BYTES || reader.field !== REQUEST_HTTP) {
        reader.skip(end);
        continue;
      }
      const contentEnd = reader.contentEnd(end);
      if (contentEnd === NOTHING) return;
      this.isPresent = true;
      this.#readHttp(reader, contentEnd);
      if (reader.failed) return;
    }
  }

  #readHttp(reader: WireReader, end: number): void {
    while (reader.nextField(end)) {
      const { field } = reader;
      if (reader.wireType !== WIRE_BYTES) {
        reader.skip(end);
        continue;
      }
      const contentEnd = reader.contentEnd(end);
      if (contentEnd === NOTHING) return;
      if (field === HTTP_METHOD) {
        this.methodStart = reader.offset;
        this.methodEnd = contentEnd;
      } else if (field === HTTP_PATH) {
        this.pathStart = reader.offset;
        this.pathEnd = contentEnd;
      } else if (field === HTTP_PROTOCOL) {
        this.protocolStart = reader.offset;
        this.protocolEnd = contentEnd;
      } else if (this.wantsForwarded && (field === HTTP_HEADERS || field === HTTP_HEADER_MAP)) {
        this.forwarded.read(reader, contentEnd, field === HTTP_HEADERS);
        if (reader.failed) return;
      }
      reader.offset = contentEnd;
    }
  }
}

/**
 * The forwarded-certificate header among a request's headers: an entry of the `headers` map, or with `encode_raw_headers` any number of
 * entries of `header_map`. Looked for only where proxies are believed about their clients.
 */
export class ForwardedValues {
  /** Ranges of the request's bytes, one start and one end a value. */
  readonly ranges: number[] = [];
  #mapAt = -1;
  /** Both forms hold it: which one counts can't be told. */
  isAmbiguous = false;

  reset(): void {
    this.ranges.length = 0;
    this.#mapAt = -1;
    this.isAmbiguous = false;
  }

  read(reader: WireReader, end: number, isMapEntry: boolean): void {
    if (isMapEntry) this.#readEntry(reader, end, true);
    else {
      while (reader.nextField(end)) {
        if (reader.wireType !== WIRE_BYTES || reader.field !== HEADER_MAP_HEADERS) {
          reader.skip(end);
          continue;
        }
        const entryEnd = reader.contentEnd(end);
        if (entryEnd === NOTHING) return;
        this.#readEntry(reader, entryEnd, false);
        if (reader.failed) return;
        reader.offset = entryEnd;
      }
    }
  }

  /** A map's entry has key and value; a HeaderValue has a raw value too, which Envoy fills instead. */
  #readEntry(reader: WireReader, end: number, isMapEntry: boolean): void {
    let isHeader = false;
    let start = 0;
    let stop = 0;
    while (reader.nextField(end)) {
      const { field } = reader;
      if (reader.wireType !== WIRE_BYTES) {
        reader.skip(end);
        continue;
      }
      const contentEnd = reader.contentEnd(end);
      if (contentEnd === NOTHING) return;
      if (field === HEADER_KEY) isHeader = isForwardedHeader(reader.bytes, reader.offset, contentEnd);
      else if ((field === HEADER_VALUE || field === HEADER_RAW_VALUE) && contentEnd > reader.offset) {
        start = reader.offset;
        stop = contentEnd;
      }
      reader.offset = contentEnd;
    }
    if (isHeader) this.#add(start, stop, isMapEntry);
  }

  #add(start: number, stop: number, isMapEntry: boolean): void {
    const isEarlierForm = this.ranges.length > 0 && this.#mapAt >= 0 !== isMapEntry;
    if (isEarlierForm) this.isAmbiguous = true;
    if (isMapEntry && this.#mapAt >= 0) {
      this.ranges[this.#mapAt] = start;
      this.ranges[this.#mapAt + 1] = stop;
      return;
    }
    if (isMapEntry) this.#mapAt = this.ranges.length;
    this.ranges.push(start, stop);
  }
}

/** In any case, although Envoy has lower case only. */
function isForwardedHeader(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== FORWARDED_HEADER.length) return false;
  for (let i = 0; i < FORWARDED_HEADER.length; i++) {
    const byte = bytes[start + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== FORWARDED_HEADER.charCodeAt(i)) return false;
  }
  return true;
}

// Field numbers of envoy.service.auth.v3, the same in v2; a test holds them against Envoy's own texts.
const PEER_ADDRESS = 1;
const PEER_PRINCIPAL = 4;
const PEER_CERTIFICATE = 5;
const ADDRESS_SOCKET = 1;
/** 2 is a pipe. */
const ADDRESS_INTERNAL = 3;
const SOCKET_PROTOCOL = 1;
const SOCKET_ADDRESS = 2;
const SOCKET_PORT_VALUE = 3;
const SOCKET_NAMED_PORT = 4;
const REQUEST_HTTP = 2;
const HTTP_METHOD = 2;
const HTTP_HEADERS = 3;
const HTTP_PATH = 4;
const HTTP_PROTOCOL = 10;
const HTTP_HEADER_MAP = 13;
const HEADER_MAP_HEADERS = 1;
const HEADER_KEY = 1;
const HEADER_VALUE = 2;
const HEADER_RAW_VALUE = 3;

function isPeerField(field: number): boolean {
  return field === PEER_ADDRESS || field === PEER_PRINCIPAL || field === PEER_CERTIFICATE;
}
