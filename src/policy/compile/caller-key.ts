import type { PeerIdentity } from "../../identity/peer-identity.ts";
import type { Flow } from "../flow.ts";

/** Places in the key's words. */
export const KEY_HEAD = 0; // method, families, protocol: of every key
export const KEY_SOURCE_ADDRESS = 1; // four words
export const KEY_IDENTITY = 5; // two words
export const KEY_SOURCE_PORT = 7;
export const KEY_DESTINATION_PORT = 8;
export const KEY_DESTINATION_ADDRESS = 9; // four words
export const KEY_DESTINATION_PEER = 13; // two words
export const KEY_WORDS = 15;

/**
 * All that a request's answers depend on beside its path, as numbers that can be compared. Reused from request to request.
 *
 * A segment compares those words that its rules ask for.
 */
export class CallerKey {
  readonly words: Int32Array = new Int32Array(KEY_WORDS);
  /** False for a method that is not one of the usual ones: the key does not tell it from others. */
  knowsMethod: boolean = true;
  /** Where segments remember answers to this caller, and under which number; a CallerTable's. */
  slot: number = 0;
  serial: number = 0;

  set(flow: Flow): void {
    const { words } = this;
    const method = flow.hasHttp ? (METHODS.get(flow.method) ?? OTHER_METHOD) : NO_METHOD;
    this.knowsMethod = method !== OTHER_METHOD;
    // Never 0, which marks what is nobody's.
    words[KEY_HEAD] =
      (flow.protocol << 12) | (flow.sourceFamily << 9) | (flow.destinationFamily << 6) | (method << 1) | 1;
    words[KEY_SOURCE_ADDRESS] = flow.source0;
    words[KEY_SOURCE_ADDRESS + 1] = flow.source1;
    words[KEY_SOURCE_ADDRESS + 2] = flow.source2;
    words[KEY_SOURCE_ADDRESS + 3] = flow.source3;
    words[KEY_SOURCE_PORT] = flow.sourcePort;
    words[KEY_DESTINATION_PORT] = flow.destinationPort;
    words[KEY_DESTINATION_ADDRESS] = flow.destination0;
    words[KEY_DESTINATION_ADDRESS + 1] = flow.destination1;
    words[KEY_DESTINATION_ADDRESS + 2] = flow.destination2;
    words[KEY_DESTINATION_ADDRESS + 3] = flow.destination3;
    this.#setIdentity(KEY_IDENTITY, source.numberOf(flow.peer));
    this.#setIdentity(KEY_DESTINATION_PEER, destination.numberOf(flow.destinationPeer));
  }

  /** A number that outlasts 32 bits: an attacker may show a new identity with every request, for months. */
  #setIdentity(at: number, identity: number): void {
    this.words[at] = identity;
    this.words[at + 1] = identity / 2 ** 32;
  }
}

const NO_METHOD = 0;
const OTHER_METHOD = 1;

const METHODS: ReadonlyMap<string, number> = new Map(
  ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"].map((method, index) => [
    method,
    OTHER_METHOD + 1 + index,
  ]),
);

const NO_IDENTITY_NUMBER = 1;
const FOREIGN_NUMBER = 2;
const FOREIGN_ELSEWHERE_NUMBER = 3;

const numbers = new WeakMap<PeerIdentity, number>();
let numberLast = FOREIGN_ELSEWHERE_NUMBER;

/** Numbers identities: the same one for the same object, and for kinds without a name; never one for two. */
class IdentityNumbers {
  #last: PeerIdentity | undefined;
  #lastNumber = 0;

  numberOf(peer: PeerIdentity): number {
    if (peer === this.#last) return this.#lastNumber;
    this.#last = peer;
    this.#lastNumber = numberOf(peer);
    return this.#lastNumber;
  }
}

const source = new IdentityNumbers();
const destination = new IdentityNumbers();

function numberOf(peer: PeerIdentity): number {
  if (peer.kind === "none") return NO_IDENTITY_NUMBER;
  if (peer.kind === "foreign" && peer.spiffeId === undefined) {
    return peer.otherTrustDomain ? FOREIGN_ELSEWHERE_NUMBER : FOREIGN_NUMBER;
  }
  const known = numbers.get(peer);
  if (known !== undefined) return known;
  numberLast++;
  numbers.set(peer, numberLast);
  return numberLast;
}
