/** From a saved file to the first verdict under the new policy, as a client sees it. */
import { setTimeout as sleep } from "node:timers/promises";
import { createDirectory, WORKLOAD } from "../directories.ts";
import { median, percentile, report } from "../harness.ts";
import { encodeRequest } from "../requests.ts";
import { startSidecar } from "../sidecar.ts";

const POLICIES = 1000;
const SAVES = 24;
const BUDGET_MS = 250;
const DEADLINE_MS = 20_000;

const request = encodeRequest("http");
await measureReloads("one a file", "files", BUDGET_MS);
await measureReloads("all in one file", "one-file");

async function measureReloads(what: string, layout: "files" | "one-file", budget?: number): Promise<void> {
  const directory = createDirectory(POLICIES, layout);
  const sidecar = await startSidecar({ policies: directory.path, workload: WORKLOAD });
  const before = await sidecar.check(request);
  const timesMs: number[] = [];
  for (let save = 0; save < SAVES; save++) {
    const wantsAllow = save % 2 === 1;
    directory.decide(wantsAllow ? "Allow" : "Deny");
    const startMs = performance.now();
    // A denial carries an id, so only the allowing answer is always the same.
    while ((await sidecar.check(request)).equals(before) !== wantsAllow) {
      await sleep(1); // asking without a pause would take the CPU that the sidecar needs
      if (performance.now() - startMs > DEADLINE_MS)
        throw new Error("the saved policy did not come into force");
    }
    timesMs.push(performance.now() - startMs);
  }
  await sidecar.stop();
  const name = `saved file to new verdict, ${POLICIES.toLocaleString("en")} policies ${what}`;
  report({ name: `${name}: median`, value: median(timesMs), unit: "ms" });
  report({
    name: `${name}: p95`,
    value: percentile(timesMs, 95),
    unit: "ms",
    ...(budget === undefined ? {} : { budget }),
  });
}
