/** Sets of 256,000 members: a look-up, a small change, a first fill, memory. */
import { AddressPortSet, type Cidr, CidrSet, type IpAddress } from "../../src/net/index.ts";
import { baselineNs, liveBytes, measureAndReport, median, report, threadNs } from "../harness.ts";
import { Random } from "../random.ts";

const MEMBERS = 256_000;
const FILLS = 5;
const CHANGE_BUDGET_NS = 50_000;
const LOOK_UP_BUDGET_NS = 100;

const ipv4 = makeMembers(4, 32);
const ipv6 = makeMembers(6, 128);

reportFill("IPv4", ipv4);
reportFill("IPv6", ipv6);
reportMemory("IPv4", () => CidrSet.of(ipv4));
reportMemory("IPv6", () => CidrSet.of(ipv6));
reportMemory("IPv4 with port", () =>
  AddressPortSet.of(ipv4.map(({ address }) => ({ address, protocol: 6, port: 8080 }))),
);
reportLookUps();
reportChange("IPv4", ipv4, 1);
reportChange("IPv4", ipv4, 10);
reportChange("IPv6", ipv6, 1);

function makeMembers(family: 4 | 6, length: number): Cidr[] {
  const random = new Random(family);
  const seen = new Set<string>();
  const members: Cidr[] = [];
  while (members.length < MEMBERS) {
    // Pods of a few thousand nodes: dense at the end, sparse before it.
    const node = random.below(4096);
    const pod = random.below(256);
    const address: IpAddress =
      family === 4
        ? { family, w0: 0x0a000000 + node * 256 + pod, w1: 0, w2: 0, w3: 0 }
        : { family, w0: 0xfd000000, w1: node, w2: 0, w3: pod };
    const key = `${node}:${pod}`;
    if (!seen.has(key)) members.push({ address, length });
    seen.add(key);
  }
  return members;
}

function reportFill(family: string, members: readonly Cidr[]): void {
  const hashNs = baselineNs();
  const timesNs = Array.from({ length: FILLS }, () => {
    const startNs = threadNs();
    if (CidrSet.of(members).size !== MEMBERS) throw new Error("members are missing");
    return threadNs() - startNs;
  });
  const value = median(timesNs) / 1e6;
  report({ name: `set of 256,000 ${family}: first fill`, value, unit: "ms", ratio: (value * 1e6) / hashNs });
}

function reportMemory(what: string, build: () => { readonly size: number }): void {
  const before = liveBytes();
  const set = build();
  const bytes = liveBytes() - before;
  report({ name: `set of 256,000 ${what}: bytes a member`, value: bytes / set.size, unit: "bytes" });
}

function reportLookUps(): void {
  const set = CidrSet.of(ipv4);
  const many = set.withDelta(
    Array.from({ length: 7 }, (_, index): Cidr => {
      return {
        address: { family: 4, w0: 0xc0000000 + 2 ** (index + 1) * 256, w1: 0, w2: 0, w3: 0 },
        length: 24 - index - 1,
      };
    }),
    [],
  );
  const wide = CidrSet.of(ipv6);
  const strangers = ipv4.map(({ address, length }) => ({
    address: { ...address, w0: address.w0 + 2 ** 24 },
    length,
  }));
  const few = ipv4.slice(0, 1000);
  measureAndReport("set of 1,000 IPv4: look-up, member", lookUp(CidrSet.of(few), few), LOOK_UP_BUDGET_NS);
  measureAndReport("set of 256,000 IPv4: look-up, member", lookUp(set, ipv4));
  measureAndReport("set of 256,000 IPv4: look-up, no member", lookUp(set, strangers));
  measureAndReport("… with 8 prefix lengths: look-up, no member", lookUp(many, strangers));
  measureAndReport("set of 256,000 IPv6: look-up, member", lookUp(wide, ipv6));
}

/** Every member in turn, in the random order they were made in. The addresses lie flat, as a request's does, not behind pointers. */
function lookUp(set: CidrSet, members: readonly Cidr[]): (count: number) => number {
  const family = members[0]!.address.family;
  const words = Uint32Array.from(members.flatMap(({ address: { w0, w1, w2, w3 } }) => [w0, w1, w2, w3]));
  let at = 0;
  return (count) => {
    let hits = 0;
    for (let index = 0; index < count; index++) {
      if (set.has(family, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)) hits++;
      at = at + 4 === words.length ? 0 : at + 4;
    }
    return hits;
  };
}

function reportChange(family: string, members: readonly Cidr[], size: number): void {
  let set = CidrSet.of(members);
  let at = 0;
  measureAndReport(
    `set of 256,000 ${family}: ${size} out, then ${size} in, each`,
    (count) => {
      // Half of the changes take members out, half put them back.
      for (let index = 0; index < count; index += 2) {
        const some = members.slice(at, at + size);
        set = set.withDelta([], some);
        set = set.withDelta(some, []);
        at = (at + 7919) % (MEMBERS - size);
      }
      return set.size;
    },
    CHANGE_BUDGET_NS,
  );
}
