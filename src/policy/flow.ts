import { NO_IDENTITY, type PeerIdentity } from "../identity/peer-identity.ts";

/** The address is not an IP (a Unix socket, an internal listener) or is missing or unparsable. */
export const ADDRESS_NONE = 0;
export const ADDRESS_IPV4 = 4;
export const ADDRESS_IPV6 = 6;

/** `sourcePort`/`destinationPort` where the port is not known. */
export const PORT_UNKNOWN = -1;

export const PROTOCOL_UNKNOWN = 0;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/**
 * One request as the evaluator sees it: everything decoded, nothing judged.
 *
 * One shape, every field always present and of one type, so that the engine sees one hidden class. May be
 * reused for the next request: nothing keeps a reference past the synchronous evaluation.
 *
 * Texts from the wire (`method`, `path`) are byte strings: one char a byte (latin1), since
 * comparison is by bytes. IPv4-mapped IPv6 addresses have become IPv4.
 */
export class Flow {
  /** ADDRESS_NONE, ADDRESS_IPV4 or ADDRESS_IPV6. */
  sourceFamily: number = ADDRESS_NONE;
  /** IPv4: the address in source0. IPv6: four words, most significant first. Unsigned 32-bit numbers. */
  source0: number = 0;
  source1: number = 0;
  source2: number = 0;
  source3: number = 0;
  sourcePort: number = PORT_UNKNOWN;
  destinationFamily: number = ADDRESS_NONE;
  destination0: number = 0;
  destination1: number = 0;
  destination2: number = 0;
  destination3: number = 0;
  destinationPort: number = PORT_UNKNOWN;
  /** IANA number, PROTOCOL_UNKNOWN where Envoy's word can't be trusted (HTTP/3). */
  protocol: number = PROTOCOL_TCP;
  peer: PeerIdentity = NO_IDENTITY;
  /** The identity the check itself claims for the destination; only `calico` semantics reads it. */
  destinationPeer: PeerIdentity = NO_IDENTITY;
  /** Whether the check carries an HTTP part. */
  hasHttp: boolean = false;
  method: string = "";
  /** `:path` with its query, undecoded. */
  path: string = "";
  /** The network filter announced that an HTTP filter checks the same connection again. */
  httpFollows: boolean = false;
}
