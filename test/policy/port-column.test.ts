import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createBitSet, hasBit } from "../../src/base/bit-set.ts";
import { PortSet } from "../../src/net/ports.ts";
import { PortColumn } from "../../src/policy/compile/port-column.ts";
import { parseRule, type SideModel } from "../../src/policy/compile/rule-model.ts";
import { Peer } from "../../src/policy/network-clauses.ts";
import { runSettings } from "../support/runs.ts";
import { ask, policyUpdate } from "./make.ts";

const ANY_SIDE: SideModel = sideOf({});

function sideOf(fields: object): SideModel {
  const update = policyUpdate("api", [{ action: "allow", ...fields }]);
  assert.ok(update.kind === "active_policy_update");
  const [rule] = update.policy.inboundRules;
  assert.ok(rule !== undefined);
  return parseRule(rule, "shop", true).destination;
}

describe("PortColumn", () => {
  it("is absent where no rule asks for ports", () => {
    assert.equal(PortColumn.compile([ANY_SIDE, undefined]), undefined);
  });

  it("agrees with asking each rule", () => {
    const port = fc.oneof(
      fc.integer({ min: 0, max: 65_535 }),
      fc.constantFrom(0, 1, 79, 80, 81, 65_534, 65_535),
    );
    const range = fc.tuple(port, port).map(([first, last]) => ({ first, last }));
    const ranges = fc.option(fc.array(range, { maxLength: 3 }), { nil: undefined });
    const side = fc.record({ ports: ranges, notPorts: ranges }).map(
      (asked): SideModel => ({
        ...ANY_SIDE,
        ports: asked.ports && { ranges: PortSet.of(asked.ports), setIds: [] },
        notPorts: asked.notPorts && { ranges: PortSet.of(asked.notPorts), setIds: [] },
      }),
    );
    const sides = fc.array(fc.option(side, { nil: undefined }), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(sides, fc.array(port, { minLength: 1, maxLength: 10 }), (given, ports) => {
        const column = PortColumn.compile(given);
        fc.pre(column !== undefined);
        for (const asked of ports) {
          const rows = column.rowsOfPort(asked);
          for (const [row, each] of given.entries()) {
            const allowed = each?.ports === undefined || each.ports.ranges.has(asked);
            const refused = each?.notPorts?.ranges.has(asked) ?? false;
            assert.equal(hasBit(rows, row), allowed && !refused, `port ${asked}, row ${row}`);
          }
        }
      }),
      runSettings(1 / 20),
    );
  });

  it("knows nothing of a port that is not known, but of rules that do not ask", () => {
    const column = PortColumn.compile([sideOf({ dst_ports: [{ first: 0, last: 65_535 }] }), ANY_SIDE]);
    assert.ok(column !== undefined);
    const yes = createBitSet(2);
    const maybe = createBitSet(2);
    const peer = new Peer().setDestination(ask({ port: -1 }), false);
    assert.equal(
      column.evaluate(peer, () => undefined, yes, maybe),
      true,
    );
    assert.deepEqual([...yes, ...maybe], [0b10, 0b11]);
  });
});
