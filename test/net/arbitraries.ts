/** Random addresses and blocks, crowded together so that containment is frequent. */
import fc from "fast-check";
import {
  type AddressPort,
  type Cidr,
  formatAddress,
  type IpAddress,
  parseCidrMasked,
} from "../../src/net/index.ts";

const word = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x80000000, 0xffffffff, 0x0a000000),
  fc.nat(0xffffffff),
);

export const ipv4: fc.Arbitrary<IpAddress> = word.map((w0) => ({ family: 4, w0, w1: 0, w2: 0, w3: 0 }));

export const ipv6: fc.Arbitrary<IpAddress> = fc
  .tuple(word, word, word, word)
  .filter(([w0, w1, w2]) => w0 !== 0 || w1 !== 0 || w2 !== 0xffff)
  .map(([w0, w1, w2, w3]) => ({ family: 6, w0, w1, w2, w3 }));

export const address: fc.Arbitrary<IpAddress> = fc.oneof(ipv4, ipv6);

/** Few values and few lengths: sets of these overlap, and the same member comes again. */
export const crowdedAddress: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.nat(31).map((low): IpAddress => ({ family: 4, w0: 0x0a000000 + low, w1: 0, w2: 0, w3: 0 })),
  fc
    .tuple(fc.constantFrom(0, 0xfd000000), fc.nat(1), fc.nat(3))
    .map(([w0, w1, w3]): IpAddress => ({ family: 6, w0, w1, w2: 0, w3 })),
);

export const crowdedCidr: fc.Arbitrary<Cidr> = fc
  .tuple(crowdedAddress, fc.constantFrom(0, 1, 8, 27, 28, 29, 30, 31, 32, 33, 63, 64, 65, 126, 127, 128))
  .map(([given, length]) => block(given, given.family === 4 ? Math.min(length, 32) : length));

export const crowdedAddressPort: fc.Arbitrary<AddressPort> = fc
  .tuple(crowdedAddress, fc.constantFrom(0, 6, 17, 255), fc.constantFrom(0, 80, 65_535))
  .map(([given, protocol, port]) => ({ address: given, protocol, port }));

/** Mostly addresses, some with a character changed, dropped, doubled or put in. */
export const almostAddressText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), address.map(formatAddress), mappedText()),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.nat(), fc.nat(1), fc.constantFrom("", ":", "::", ".", "0", "f", "%", "g")),
      },
    ),
  )
  .map(([text, edit]) => {
    if (edit === undefined) return text;
    const [seed, dropped, inserted] = edit;
    const at = seed % (text.length + 1);
    return text.slice(0, at) + inserted + text.slice(at + dropped);
  });

/** The block of `length` bits around an address, by way of text, so that nothing is shared with what is tested. */
export function block(given: IpAddress, length: number): Cidr {
  const parsed = parseCidrMasked(`${formatAddress(given)}/${length}`);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function mappedText(): fc.Arbitrary<string> {
  return ipv4.map((given) => `::ffff:${formatAddress(given)}`);
}
