import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type AddressPort,
  AddressPortSet,
  formatAddressPort,
  parseAddressPort,
} from "../../src/net/index.ts";
import { crowdedAddressPort } from "./arbitraries.ts";

describe("parseAddressPort()", () => {
  const accepted: readonly { text: string; canonical: string }[] = [
    { text: "10.0.0.7,tcp:8080", canonical: "10.0.0.7,tcp:8080" },
    { text: "10.0.0.7,TCP:8080", canonical: "10.0.0.7,tcp:8080" },
    { text: "FD00::7,udp:53", canonical: "fd00::7,udp:53" },
    { text: "fd00::7,sctp:65535", canonical: "fd00::7,sctp:65535" },
    { text: "::ffff:10.0.0.7,tcp:1", canonical: "10.0.0.7,tcp:1" },
    { text: "10.0.0.7,6:80", canonical: "10.0.0.7,tcp:80" },
    { text: "10.0.0.7,200:0", canonical: "10.0.0.7,200:0" },
  ];
  for (const { text, canonical } of accepted) {
    it(`accepts ${text}`, () => {
      const parsed = parseAddressPort(text);
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);
      assert.equal(formatAddressPort(parsed.value), canonical);
    });
  }

  const refused: readonly { text: string; error: RegExp }[] = [
    { text: "", error: /is not `address,protocol:port`/ },
    { text: "10.0.0.7", error: /is not/ },
    { text: "10.0.0.7,tcp", error: /is not/ },
    { text: "10.0.0.7:8080", error: /is not/ },
    { text: "10.0.0.7/32,tcp:80", error: /is not/ },
    { text: "10.0.0.7, tcp:80", error: /is not/ },
    { text: "10.0.0.07,tcp:80", error: /is not/ },
    { text: "10.0.0.7,tcp:80,", error: /is not/ },
    { text: "10.0.0.7,tcp:80\n", error: /is not/ },
    { text: ",tcp:80", error: /is not/ },
    { text: "10.0.0.7,quic:80", error: /protocol/ },
    { text: "10.0.0.7,256:80", error: /protocol/ },
    { text: "10.0.0.7,06:80", error: /protocol/ },
    { text: "10.0.0.7,tcp:65536", error: /port/ },
    { text: "10.0.0.7,tcp:080", error: /port/ },
    { text: "10.0.0.7,tcp:99999999999999999999", error: /port/ },
    { text: "10.0.0.7,tcp:-1", error: /is not/ },
    { text: "1".repeat(100), error: /too long/ },
  ];
  for (const { text, error } of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      const parsed = parseAddressPort(text);
      assert.ok(!parsed.ok, "it was accepted");
      assert.match(parsed.error, error);
    });
  }
});

describe("AddressPortSet", () => {
  it("asks for address, protocol and port, all three", () => {
    for (const [text, otherAddress] of [
      ["200.0.0.7,tcp:80", "200.0.0.8,tcp:80"],
      ["fd00::8000:7,tcp:80", "fd01::8000:7,tcp:80"],
      ["fd00::8000:7,tcp:80", "fd00::8000:8,tcp:80"],
    ] as const) {
      const set = AddressPortSet.of([member(text)]);
      const { address } = member(text);
      assert.ok(contains(set, member(text)));
      assert.ok(!contains(set, member(otherAddress)));
      assert.ok(!contains(set, { address, protocol: 17, port: 80 }));
      assert.ok(!contains(set, { address, protocol: 6, port: 81 }));
      assert.ok(!contains(set, { address, protocol: 6, port: 80 + 0x10000 }));
      assert.ok(!contains(set, { address, protocol: 6 + 256, port: 80 }));
      assert.ok(!contains(set, { address, protocol: 6, port: -1 }));
      assert.ok(!contains(set, { address, protocol: 6.5, port: 80 }));
      assert.ok(
        !set.has(address.family === 4 ? 6 : 4, address.w0, address.w1, address.w2, address.w3, 6, 80),
      );
      assert.ok(!set.has(0, address.w0, address.w1, address.w2, address.w3, 6, 80));
    }
  });

  it("is the same value after a change that changes nothing", () => {
    const set = AddressPortSet.of([member("10.0.0.7,tcp:80"), member("fd00::7,tcp:80")]);
    assert.equal(set.withDelta([], []), set);
    assert.equal(set.withDelta([member("10.0.0.7,tcp:80")], [member("10.0.0.7,udp:80")]), set);
    assert.equal(set.withDelta([], [...set.members()]), AddressPortSet.empty);
  });

  it("agrees with a plain set after any sequence of deltas, and old versions stay as they were", () => {
    const members = fc.array(crowdedAddressPort, { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(members, members), { maxLength: 8 }),
        crowdedAddressPort,
        (steps, probe) => {
          const model = new Set<string>();
          let set = AddressPortSet.empty;
          const history: { version: AddressPortSet; texts: readonly string[] }[] = [];
          for (const [added, removed] of steps) {
            set = set.withDelta(added, removed);
            for (const each of removed) model.delete(formatAddressPort(each));
            for (const each of added) model.add(formatAddressPort(each));
            history.push({ version: set, texts: [...model].sort() });
            assert.equal(set.size, model.size);
            assert.equal(contains(set, probe), model.has(formatAddressPort(probe)));
          }
          for (const { version, texts } of history) {
            assert.deepEqual([...version.members()].map(formatAddressPort).sort(), texts);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

function member(text: string): AddressPort {
  const parsed = parseAddressPort(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function contains(set: AddressPortSet, { address, protocol, port }: AddressPort): boolean {
  return set.has(address.family, address.w0, address.w1, address.w2, address.w3, protocol, port);
}
