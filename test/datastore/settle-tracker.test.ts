import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FILE_DISTRUST_MS, FILE_MISSING_MAX_MS, FILE_SETTLE_MS } from "../../src/base/limits.ts";
import { type Observation, SettleTracker } from "../../src/datastore/files/settle-tracker.ts";

const everywhere = (): boolean => true;

/** What is to be done at `nowMs` when the files have these versions; `undefined` is there but can't be looked at. */
function see(
  tracker: SettleTracker,
  nowMs: number,
  files: Record<string, string | undefined>,
  isExpected = everywhere,
): Observation {
  return tracker.observe(new Map(Object.entries(files)), isExpected, nowMs);
}

const NOTHING: Observation = { read: [], fading: [], back: [], removed: [] };

function accepted(): SettleTracker {
  const tracker = new SettleTracker(0);
  tracker.accept("a", "1");
  return tracker;
}

describe("a file that changes", () => {
  it("is read once the same version was seen for long enough, and not a moment sooner", () => {
    const tracker = accepted();
    assert.deepEqual(see(tracker, 100, { a: "2" }), NOTHING);
    assert.equal(tracker.wakeAtMs, 100 + FILE_SETTLE_MS);
    assert.deepEqual(see(tracker, 99 + FILE_SETTLE_MS, { a: "2" }), NOTHING);
    assert.deepEqual(see(tracker, 100 + FILE_SETTLE_MS, { a: "2" }).read, [{ path: "a", isTrusted: false }]);
  });
  it("begins anew with every further version", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "2" });
    assert.deepEqual(see(tracker, FILE_SETTLE_MS, { a: "3" }).read, []);
    assert.deepEqual(see(tracker, 2 * FILE_SETTLE_MS, { a: "3" }).read.length, 1);
  });
  it("is left alone where it has become what it was", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "2" });
    assert.deepEqual(see(tracker, FILE_SETTLE_MS, { a: "1" }), NOTHING);
    assert.deepEqual([tracker.pending, tracker.wakeAtMs], [[], undefined]);
  });
  it("is steady once accepted", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "2" });
    tracker.accept("a", "2");
    assert.deepEqual(see(tracker, FILE_SETTLE_MS, { a: "2" }), NOTHING);
    assert.deepEqual(tracker.pending, []);
  });
  it("is asked for again later, as trusted, where its reader distrusts it", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "2" });
    see(tracker, FILE_SETTLE_MS, { a: "2" });
    tracker.distrust("a");
    assert.deepEqual(see(tracker, FILE_DISTRUST_MS - 1, { a: "2" }).read, []);
    assert.equal(tracker.wakeAtMs, FILE_DISTRUST_MS);
    assert.deepEqual(see(tracker, FILE_DISTRUST_MS, { a: "2" }).read, [{ path: "a", isTrusted: true }]);
  });
  it("waits anew where reading found that it was changing still", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "2" });
    see(tracker, FILE_SETTLE_MS, { a: "2" });
    tracker.retry("a");
    assert.deepEqual(see(tracker, FILE_SETTLE_MS + 1, { a: "2" }).read, []);
    assert.deepEqual(see(tracker, 2 * FILE_SETTLE_MS + 1, { a: "2" }).read.length, 1);
  });
  it("that is new waits as well", () => {
    const tracker = accepted();
    assert.deepEqual(see(tracker, 0, { a: "1", b: "1" }).read, []);
    assert.deepEqual(see(tracker, FILE_SETTLE_MS, { a: "1", b: "1" }).read, [
      { path: "b", isTrusted: false },
    ]);
  });
  it("that came and went before it was ever read is forgotten", () => {
    const tracker = accepted();
    see(tracker, 0, { a: "1", b: "1" });
    assert.deepEqual(see(tracker, 1, { a: "1" }), NOTHING);
    assert.deepEqual(tracker.pending, []);
  });
});

describe("a file that is gone", () => {
  it("fades at once and is removed after the grace", () => {
    const tracker = accepted();
    assert.deepEqual(see(tracker, 100, {}).fading, ["a"]);
    assert.deepEqual(see(tracker, 99 + FILE_DISTRUST_MS, {}), NOTHING);
    assert.deepEqual(see(tracker, 100 + FILE_DISTRUST_MS, {}).removed, ["a"]);
    assert.deepEqual(tracker.pending, []);
  });
  it("and put back, the same, was never gone", () => {
    const tracker = accepted();
    see(tracker, 0, {});
    assert.deepEqual(see(tracker, 10, { a: "1" }), { ...NOTHING, back: ["a"] });
    assert.deepEqual(see(tracker, 10_000, { a: "1" }), NOTHING);
  });
  it("and put back, another, is a change", () => {
    const tracker = accepted();
    see(tracker, 0, {});
    assert.deepEqual(see(tracker, 10, { a: "2" }).back, ["a"]);
    assert.deepEqual(see(tracker, 10 + FILE_SETTLE_MS, { a: "2" }).read.length, 1);
  });
  it("is waited for while others come and go", () => {
    const tracker = accepted();
    see(tracker, 0, {});
    see(tracker, 200, { b: "1" });
    assert.deepEqual(see(tracker, FILE_DISTRUST_MS, { b: "1" }).removed, []);
    assert.deepEqual(see(tracker, 200 + FILE_DISTRUST_MS, { b: "1" }).removed, ["a"]);
  });
  it("is not waited for without end", () => {
    const tracker = accepted();
    for (let nowMs = 0; nowMs < FILE_MISSING_MAX_MS; nowMs += 100)
      assert.deepEqual(see(tracker, nowMs, { b: String(nowMs) }).removed, []);
    assert.deepEqual(see(tracker, FILE_MISSING_MAX_MS, { b: "last" }).removed, ["a"]);
  });
  it("is not gone where nothing can be seen, nor where it can't be looked at", () => {
    const tracker = accepted();
    assert.deepEqual(
      see(tracker, 0, {}, () => false),
      NOTHING,
    );
    assert.deepEqual(see(tracker, 10_000, { a: undefined }), NOTHING);
    assert.deepEqual(see(tracker, 20_000, { a: "1" }), NOTHING);
  });
});
