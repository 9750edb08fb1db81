import { err, ok, type Result } from "../base/result.ts";
import { finishSteps, type Steps } from "../base/steps.ts";
import { formatAddress, type IpAddress, parseAddress } from "./address.ts";
import { protocolName, protocolNumber } from "./protocol.ts";
import { WordSet } from "./word-set.ts";

/** One listening port of one address. */
export type AddressPort = {
  readonly address: IpAddress;
  /** IANA number, 0–255. */
  readonly protocol: number;
  /** 0–65535. */
  readonly port: number;
};

/** An IPv6 address, a protocol name and a port. */
const MEMBER_TEXT_MAX_CHARS = 64;

/** Reads `address,protocol:port`, as in `10.0.0.7,tcp:8080`; the protocol is a name in any case or a number. */
export function parseAddressPort(text: string): Result<AddressPort, string> {
  if (text.length > MEMBER_TEXT_MAX_CHARS) {
    return err(`\`${text.slice(0, MEMBER_TEXT_MAX_CHARS)}…\` is too long for an address and port`);
  }
  const match = /^([^,]+),([A-Za-z0-9]+):([0-9]+)$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  if (match === null || address === undefined) return err(`\`${text}\` is not \`address,protocol:port\``);
  const protocol = protocolNumber(match[2] ?? "") ?? parseDecimal(match[2] ?? "", 255);
  if (protocol === -1)
    return err(`the protocol of \`${text}\` is not one of tcp, udp, sctp or a number up to 255`);
  const port = parseDecimal(match[3] ?? "", 65_535);
  if (port === -1) return err(`the port of \`${text}\` is not a number from 0 to 65535`);
  return ok({ address, protocol, port });
}

/** The canonical text, with the protocol's name where it has one. */
export function formatAddressPort(member: AddressPort): string {
  const protocol = protocolName(member.protocol) ?? String(member.protocol);
  return `${formatAddress(member.address)},${protocol}:${member.port}`;
}

/** A set of addresses with protocol and port: named ports and services. An immutable value like `CidrSet`. */
export class AddressPortSet {
  static readonly empty: AddressPortSet = new AddressPortSet(WordSet.empty(2), WordSet.empty(5));

  readonly size: number;
  /** Keys: address, then protocol and port in one word. */
  readonly #ipv4: WordSet;
  readonly #ipv6: WordSet;

  private constructor(ipv4: WordSet, ipv6: WordSet) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.size = ipv4.size + ipv6.size;
  }

  static of(members: Iterable<AddressPort>): AddressPortSet {
    return AddressPortSet.empty.withDelta(members, []);
  }

  /** Like `CidrSet.withDelta`: removals first; the receiver itself where no removal or addition changes anything. */
  withDelta(added: Iterable<AddressPort>, removed: Iterable<AddressPort>): AddressPortSet {
    return finishSteps(this.withDeltaSteps(added, removed));
  }

  /** The same in steps, for large changes. */
  *withDeltaSteps(added: Iterable<AddressPort>, removed: Iterable<AddressPort>): Steps<AddressPortSet> {
    const additions = splitFamilies(added);
    const removals = splitFamilies(removed);
    const ipv4 = yield* applyChange(this.#ipv4, additions.ipv4, removals.ipv4);
    const ipv6 = yield* applyChange(this.#ipv6, additions.ipv6, removals.ipv6);
    if (ipv4 === this.#ipv4 && ipv6 === this.#ipv6) return this;
    return ipv4.size + ipv6.size === 0 ? AddressPortSet.empty : new AddressPortSet(ipv4, ipv6);
  }

  /**
   * Whether the address with that protocol and port is a member. Allocates nothing.
   *
   * @param family 4 or 6; for anything else the answer is false.
   * @param protocol anything outside 0–255 is no member's, and so is a port outside 0–65535.
   */
  has(
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    protocol: number,
    port: number,
  ): boolean {
    if ((protocol & 0xff) !== protocol || (port & 0xffff) !== port) return false;
    const service = (protocol << 16) | port;
    if (family === 4) return this.#ipv4.has(w0 | 0, service, 0, 0, 0);
    return family === 6 && this.#ipv6.has(w0 | 0, w1 | 0, w2 | 0, w3 | 0, service);
  }

  /** Each member once, in no particular order. */
  members(): Iterable<AddressPort> {
    const members: AddressPort[] = [];
    this.#ipv4.forEach((w0, service) => {
      members.push(createMember({ family: 4, w0, w1: 0, w2: 0, w3: 0 }, service));
    });
    this.#ipv6.forEach((w0, w1, w2, w3, service) => {
      members.push(createMember({ family: 6, w0, w1, w2, w3 }, service));
    });
    return members;
  }
}

function createMember(address: IpAddress, service: number): AddressPort {
  return { address, protocol: service >>> 16, port: service & 0xffff };
}

type Families = { readonly ipv4: readonly AddressPort[]; readonly ipv6: readonly AddressPort[] };

function splitFamilies(members: Iterable<AddressPort>): Families {
  const ipv4: AddressPort[] = [];
  const ipv6: AddressPort[] = [];
  for (const member of members) (member.address.family === 4 ? ipv4 : ipv6).push(member);
  return { ipv4, ipv6 };
}

function serviceWord({ protocol, port }: AddressPort): number {
  return ((protocol & 0xff) << 16) | (port & 0xffff);
}

/** Members changed in one step; some tenths of a millisecond. */
const STEP_MEMBERS = 2_048;

function* applyChange(
  set: WordSet,
  added: readonly AddressPort[],
  removed: readonly AddressPort[],
): Steps<WordSet> {
  if (added.length + removed.length === 0) return set;
  const editor = set.edit(added.length);
  let changed = false;
  let count = 0;
  for (const member of removed) {
    const { family, w0, w1, w2, w3 } = member.address;
    const word = serviceWord(member);
    const isMember =
      family === 4
        ? editor.delete(w0 | 0, word, 0, 0, 0)
        : editor.delete(w0 | 0, w1 | 0, w2 | 0, w3 | 0, word);
    if (isMember) changed = true;
    if (++count % STEP_MEMBERS === 0) yield;
  }
  for (const member of added) {
    const { family, w0, w1, w2, w3 } = member.address;
    const word = serviceWord(member);
    const isNew =
      family === 4 ? editor.add(w0 | 0, word, 0, 0, 0) : editor.add(w0 | 0, w1 | 0, w2 | 0, w3 | 0, word);
    if (isNew) changed = true;
    if (++count % STEP_MEMBERS === 0) yield;
  }
  return changed ? editor.finish() : set;
}

/** -1 for anything but a plain decimal number up to `max`. */
function parseDecimal(text: string, max: number): number {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return -1;
  const value = Number(text);
  return value <= max ? value : -1;
}
