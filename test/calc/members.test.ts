import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { itemMembers, sliceMembers } from "../../src/calc/contributions.ts";
import type { NamedPortProtocol } from "../../src/calc/ip-set-definition.ts";
import { ipSetType, namedPortSet, selectorSet, serviceSet } from "../../src/calc/ip-set-definition.ts";
import { type ItemResource, itemFacts } from "../../src/calc/item-facts.ts";
import { MemberCounts } from "../../src/calc/member-counts.ts";
import { ALL } from "../../src/selector/selector.ts";
import { hostEndpoint, namedPort, networkSet, pod, selector, slice, workload } from "./make.ts";

function members(definition: Parameters<typeof itemMembers>[0], resource: ItemResource): readonly string[] {
  const facts = itemFacts(resource, () => undefined);
  assert.ok(facts);
  return itemMembers(definition, facts);
}

describe("set ids", () => {
  const cases: { name: string; id: string; want: string }[] = [
    { name: "selector", id: selectorSet(selector("")).id, want: "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug" },
    {
      name: "named port",
      id: namedPortSet(ALL, "tcp", "http").id,
      want: "n:cl9_Kgeu4H0OGLbhovVR3NBLUOZscKeMK1Mu4A",
    },
    {
      name: "service with ports",
      id: serviceSet("prod/web", true).id,
      want: "svc:PMX6-V53cgXVtT6p1c9FM-XkUmon52QINgk6cg",
    },
    {
      name: "service without",
      id: serviceSet("prod/web", false).id,
      want: "svcnoport:CUNMZMbxx7t4BPpBDXAT-7rpDNiIzEx-rHMssg",
    },
  ];
  for (const { name, id, want } of cases) {
    it(name, () => assert.equal(id, want));
  }

  it("types", () => {
    assert.equal(ipSetType(selectorSet(ALL)), "NET");
    assert.equal(ipSetType(namedPortSet(ALL, "any", "http")), "IP_AND_PORT");
    assert.equal(ipSetType(serviceSet("a/b", true)), "IP_AND_PORT");
    assert.equal(ipSetType(serviceSet("a/b", false)), "NET");
  });
});

describe("what an item gives a selector's set", () => {
  const cases: { name: string; resource: ItemResource; want: string[] }[] = [
    {
      name: "a pod: each address",
      resource: pod("a/p", {}, ["10.0.0.1", "fd00::7"]),
      want: ["10.0.0.1/32", "fd00::7/128"],
    },
    {
      name: "a workload endpoint: the same",
      resource: workload("a/p", {}, ["10.0.0.1"]),
      want: ["10.0.0.1/32"],
    },
    {
      name: "a host endpoint: each expected address",
      resource: hostEndpoint("h", {}, ["192.0.2.1"]),
      want: ["192.0.2.1/32"],
    },
    { name: "a host endpoint without any: nothing", resource: hostEndpoint("h", {}, []), want: [] },
    {
      name: "a network set: each net, masked, addresses with a length",
      resource: networkSet("n", {}, ["192.0.2.9/24", "198.51.100.1", "2001:db8::1/32"]),
      want: ["192.0.2.0/24", "198.51.100.1/32", "2001:db8::/32"],
    },
    {
      name: "a network set of everything: two halves each",
      resource: networkSet("n", {}, ["0.0.0.0/0", "::/0"]),
      want: ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"],
    },
    {
      name: "a network set of half of everything: that half",
      resource: networkSet("n", {}, ["0.0.0.0/1"]),
      want: ["0.0.0.0/1"],
    },
  ];
  for (const { name, resource, want } of cases) {
    it(name, () => assert.deepEqual(members(selectorSet(ALL), resource), want));
  }
});

describe("what an item gives a named port's set", () => {
  const cases: { rule: NamedPortProtocol; port: string; want: string | undefined }[] = [
    { rule: "tcp", port: "TCP", want: "tcp" },
    { rule: "tcp", port: "tcp", want: "tcp" },
    { rule: "tcp", port: "6", want: "tcp" },
    { rule: "tcp", port: "", want: undefined },
    { rule: "tcp", port: "UDP", want: undefined },
    { rule: "tcp", port: "17", want: undefined },
    { rule: "udp", port: "Udp", want: "udp" },
    { rule: "udp", port: "17", want: "udp" },
    { rule: "udp", port: "TCP", want: undefined },
    { rule: "sctp", port: "SCTP", want: "sctp" },
    { rule: "sctp", port: "132", want: "sctp" },
    { rule: "sctp", port: "6", want: undefined },
    { rule: "any", port: "TCP", want: "tcp" },
    { rule: "any", port: "udp", want: "udp" },
    { rule: "any", port: "SCTP", want: "sctp" },
    { rule: "any", port: "", want: "tcp" },
    { rule: "any", port: "6", want: undefined },
    { rule: "any", port: "icmp", want: undefined },
  ];
  for (const { rule, port, want } of cases) {
    it(`a rule of ${rule} and a port of "${port}": ${want ?? "nothing"}`, () => {
      const given = pod("a/p", {}, ["10.0.0.1"], { ports: [namedPort("http", 8080, port)] });
      const expected = want === undefined ? [] : [`10.0.0.1,${want}:8080`];
      assert.deepEqual(members(namedPortSet(ALL, rule, "http"), given), expected);
    });
  }

  it("is every address by every port of that name", () => {
    const given = pod("a/p", {}, ["10.0.0.1", "fd00::7"], {
      ports: [namedPort("http", 80), namedPort("dns", 53, "UDP"), namedPort("http", 81)],
    });
    assert.deepEqual(members(namedPortSet(ALL, "any", "http"), given), [
      "10.0.0.1,tcp:80",
      "fd00::7,tcp:80",
      "10.0.0.1,tcp:81",
      "fd00::7,tcp:81",
    ]);
    assert.deepEqual(members(namedPortSet(ALL, "any", "dns"), given), ["10.0.0.1,udp:53", "fd00::7,udp:53"]);
    assert.deepEqual(members(namedPortSet(ALL, "any", "HTTP"), given), [], "names are compared exactly");
  });

  it("is the ports of a host endpoint as well, and none of a network set", () => {
    const host = hostEndpoint("h", {}, ["192.0.2.1"], { ports: [namedPort("ssh", 22)] });
    assert.deepEqual(members(namedPortSet(ALL, "tcp", "ssh"), host), ["192.0.2.1,tcp:22"]);
    assert.deepEqual(members(namedPortSet(ALL, "any", "ssh"), networkSet("n", {}, ["192.0.2.1"])), []);
  });
});

describe("what a slice gives its service's sets", () => {
  const given = slice(
    "a/s-1",
    "s",
    ["10.0.0.1", "fd00::7"],
    [
      { protocol: "TCP", port: 80 },
      { protocol: "UDP", port: 53 },
    ],
  );
  const of = (withPorts: boolean, from = given): readonly string[] => {
    const definition = serviceSet("a/s", withPorts);
    assert.ok(definition.kind === "service");
    return sliceMembers(definition, from);
  };

  it("with ports: each address by each port", () => {
    assert.deepEqual(of(true), ["10.0.0.1,tcp:80", "10.0.0.1,udp:53", "fd00::7,tcp:80", "fd00::7,udp:53"]);
  });

  it("without ports: each address", () => assert.deepEqual(of(false), ["10.0.0.1/32", "fd00::7/128"]));

  it("with ports, of a slice without any: nothing", () => {
    assert.deepEqual(of(true, slice("a/s-1", "s", ["10.0.0.1"], [])), []);
  });
});

describe("member counts", () => {
  it("a member goes with its last contributor", () => {
    const counts = new MemberCounts();
    counts.add("a");
    counts.add("a");
    counts.publish();
    counts.remove("a");
    assert.deepEqual([...counts.texts()], ["a"]);
    assert.deepEqual(counts.takeDelta(), { added: new Set(), removed: new Set() });
    counts.remove("a");
    assert.deepEqual(counts.takeDelta(), { added: new Set(), removed: new Set(["a"]) });
    assert.equal(counts.size, 0);
  });

  it("a member that came and went between two flushes is in neither half of the delta", () => {
    const counts = new MemberCounts();
    counts.add("a");
    counts.publish();
    counts.add("b");
    counts.remove("b");
    counts.remove("a");
    counts.add("a");
    assert.deepEqual(counts.takeDelta(), { added: new Set(), removed: new Set() });
  });

  it("deltas sum up to the members, whatever happens between them", () => {
    const event = fc.record({
      member: fc.constantFrom("a", "b", "c"),
      isAdd: fc.boolean(),
      isFlush: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const counts = new MemberCounts();
        counts.publish();
        const contributed: string[] = [];
        const sum = new Set<string>();
        for (const { member, isAdd, isFlush } of [...events, { member: "a", isAdd: true, isFlush: true }]) {
          if (isAdd) {
            counts.add(member);
            contributed.push(member);
          } else if (contributed.includes(member)) {
            counts.remove(member);
            contributed.splice(contributed.indexOf(member), 1);
          }
          if (!isFlush) continue;
          const { added, removed } = counts.takeDelta();
          for (const text of added) sum.add(text);
          for (const text of removed) assert.ok(sum.delete(text));
          assert.deepEqual(sum, new Set(contributed));
          assert.deepEqual(new Set(counts.texts()), sum);
        }
      }),
    );
  });
});
