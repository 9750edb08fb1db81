/** The protocol names that policy knows, with their IANA numbers. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["tcp", 6],
  ["udp", 17],
  ["icmpv6", 58],
  ["sctp", 132],
  ["udplite", 136],
]);

const NAMES: ReadonlyMap<number, string> = new Map([...NUMBERS].map(([name, number]) => [number, name]));

/** The number of a protocol named in any case; undefined for a name that policy doesn't know. */
export function protocolNumber(name: string): number | undefined {
  return NUMBERS.get(name.toLowerCase());
}

/** The lower-case name; undefined for a number that policy has no name for. */
export function protocolName(number: number): string | undefined {
  return NAMES.get(number);
}
