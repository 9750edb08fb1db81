import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Metrics } from "../../src/observe/metrics.ts";

const HISTOGRAM = { name: "took_seconds", type: "histogram", help: "How long.", buckets: [0.1, 1] } as const;
const COUNTER = {
  name: "seen_total",
  type: "counter",
  help: "Seen.",
  label: { name: "kind", values: ["a", "b"] },
} as const;

describe("Metrics", () => {
  it("tells counters by label, those that never counted too", async () => {
    const metrics = new Metrics([COUNTER]);
    metrics.add(metrics.slot("seen_total", "a"), 2);
    const text = await metrics.expose();
    assert.match(text, /^# HELP seen_total Seen\.\n# TYPE seen_total counter$/m);
    assert.match(text, /^seen_total\{kind="a"\} 2\nseen_total\{kind="b"\} 0$/m);
    metrics.add(metrics.slot("seen_total", "a"), 1);
    assert.match(await metrics.expose(), /^seen_total\{kind="a"\} 3$/m);
  });

  it("tells a histogram's observations from before the first scrape, each bound including itself", async () => {
    const metrics = new Metrics([COUNTER, HISTOGRAM]);
    for (const value of [0.05, 0.1, 0.11, 1, 1.01]) metrics.observe("took_seconds", value);
    const text = await metrics.expose();
    const lines = text.slice(text.indexOf("# HELP took_seconds")).split("\n");
    assert.deepEqual(lines, [
      "# HELP took_seconds How long.",
      "# TYPE took_seconds histogram",
      'took_seconds_bucket{le="0.1"} 2',
      'took_seconds_bucket{le="1"} 4',
      'took_seconds_bucket{le="+Inf"} 5',
      "took_seconds_sum 2.27",
      "took_seconds_count 5",
      "",
    ]);
  });

  it("tells a histogram that nothing was observed of", async () => {
    const text = await new Metrics([HISTOGRAM]).expose();
    assert.match(text, /^took_seconds_bucket\{le="\+Inf"\} 0\ntook_seconds_sum 0\ntook_seconds_count 0$/m);
  });

  it("tells of the process only where that is asked for", async () => {
    const serving = new Metrics([COUNTER]);
    serving.collectProcess();
    assert.match(await serving.expose(), /^process_resident_memory_bytes \d+$/m);
    assert.doesNotMatch(await new Metrics([COUNTER]).expose(), /^process_/m);
  });

  it("refuses a series and a histogram that the table does not have", () => {
    const metrics = new Metrics([COUNTER, HISTOGRAM]);
    assert.throws(() => metrics.slot("seen_total", "c"), /broken invariant/);
    assert.throws(() => metrics.slot("took_seconds"), /broken invariant/);
    assert.throws(() => metrics.observe("seen_total", 1), /broken invariant/);
  });
});
