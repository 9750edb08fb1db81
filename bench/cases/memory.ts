/** Memory of policy, of an idle sidecar, and of one that has answered many different requests. */
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { SHOP } from "../directories.ts";
import { liveBytes, report } from "../harness.ts";
import { createMessages } from "../policies.ts";
import { encodeRequest } from "../requests.ts";
import { residentMb, startSidecar } from "../sidecar.ts";

const RULES = 20_000;
const REQUESTS = 60_000;
const AT_ONCE = 50;

const held: { builder: SnapshotBuilder; snapshot: Snapshot }[] = [];

reportRules();
await reportProcess();

/** Compiled, with the objects it came from, which later changes need. */
function reportRules(): void {
  const without = buildBytes(0);
  const bytes = buildBytes(RULES) - without;
  report({
    name: `memory of ${RULES.toLocaleString("en")} rules: a rule`,
    value: bytes / RULES,
    unit: "bytes",
  });
  report({ name: "… a policy of 70 rules", value: ((bytes / RULES) * 70) / 1024, unit: "KB" });
}

function buildBytes(rules: number): number {
  const before = liveBytes();
  const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
  builder.apply(createMessages(Math.max(rules, 1), "none"));
  held.push({ builder, snapshot: builder.build(1) });
  return liveBytes() - before;
}

async function reportProcess(): Promise<void> {
  const sidecar = await startSidecar({ policies: SHOP, workload: "shop/api" });
  await sidecar.check(encodeRequest("http"));
  report({ name: "resident, idle, examples/shop", value: residentMb(sidecar.pid), unit: "MB" });
  // Thrice the same number: what grows for ever would grow from each third to the next.
  for (let third = 1; third <= 3; third++) {
    for (let index = 0; index < REQUESTS / 3; index += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, offset) =>
        different(third * REQUESTS + index + offset),
      );
      await Promise.all(some.map((request) => sidecar.check(request)));
    }
    const count = ((third * REQUESTS) / 3).toLocaleString("en");
    report({ name: `… after ${count} different requests`, value: residentMb(sidecar.pid), unit: "MB" });
  }
  await sidecar.stop();
}

function different(index: number): Buffer {
  const principal = `spiffe://cluster.local/ns/shop/sa/caller-${index}`;
  return encodeRequest("http", { principal, path: `/v1/items/${index}`, method: "GET" });
}
