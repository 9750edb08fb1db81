/** From starting the process to its first verdict. */

import { createDirectory, SHOP, WORKLOAD } from "../directories.ts";
import { medianOf, report } from "../harness.ts";
import { encodeRequest } from "../requests.ts";
import { PROGRAM_NAME, startSidecar } from "../sidecar.ts";

const STARTS = 7;
const POLICIES = 1000;
const SMALL_POLICY_BUDGET_MS = 150;

const request = encodeRequest("http");
await measureStarts("examples/shop", SHOP, "shop/api", SMALL_POLICY_BUDGET_MS);
await measureStarts(
  `${POLICIES.toLocaleString("en")} policies, one a file`,
  createDirectory(POLICIES, "files").path,
  WORKLOAD,
);

async function measureStarts(
  what: string,
  policies: string,
  workload: string,
  budget?: number,
): Promise<void> {
  const timesMs: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const startMs = performance.now();
    const sidecar = await startSidecar({ policies, workload });
    await sidecar.check(request);
    timesMs.push(performance.now() - startMs);
    await sidecar.stop();
  }
  report({
    name: `start to first verdict, ${what} (${PROGRAM_NAME})`,
    ...medianOf(timesMs),
    unit: "ms",
    ...(budget === undefined ? {} : { budget }),
  });
}
