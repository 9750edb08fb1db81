import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { finishSteps, SlicedWork, type Slicing, type Steps } from "../../src/base/steps.ts";

/** A clock that moves by one with every look, and turns of an event loop that the test makes. */
function sliced(sliceMs: number) {
  const turns: (() => void)[] = [];
  let nowMs = 0;
  const slicing: Slicing = {
    clock: { nowMs: () => nowMs++, wallMs: () => 0 },
    sliceMs,
    schedule: (next) => turns.push(next),
  };
  return { work: new SlicedWork(slicing), turn: () => turns.shift()?.(), turns };
}

function* count(to: number, seen: number[]): Steps<void> {
  for (let at = 1; at <= to; at++) {
    seen.push(at);
    yield;
  }
}

describe("SlicedWork", () => {
  it("does what takes less than a slice before run() returns", () => {
    const { work, turns } = sliced(10);
    const seen: number[] = [];
    work.run(count(3, seen));
    assert.deepEqual([seen, work.isBusy, turns.length], [[1, 2, 3], false, 0]);
  });

  it("stops when the time is over and goes on in the next turn", () => {
    const { work, turn, turns } = sliced(2);
    const seen: number[] = [];
    work.run(count(5, seen));
    assert.deepEqual([seen, work.isBusy], [[1, 2], true]);
    turn();
    assert.deepEqual(seen, [1, 2, 3, 4]);
    turn();
    assert.deepEqual([seen, work.isBusy, turns.length], [[1, 2, 3, 4, 5], false, 0]);
  });

  it("does the rest at once when asked, and nothing in the turn that was scheduled", () => {
    const { work, turn } = sliced(1);
    const seen: number[] = [];
    work.run(count(4, seen));
    work.finish();
    assert.deepEqual([seen, work.isBusy], [[1, 2, 3, 4], false]);
    turn();
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it("does nothing more once cancelled, though other work goes on in the same turn", () => {
    const { work, turn } = sliced(1);
    const [given, other]: [number[], number[]] = [[], []];
    work.run(count(4, given));
    work.cancel();
    work.run(count(2, other));
    turn();
    turn();
    turn();
    assert.deepEqual([given, other, work.isBusy], [[1], [1, 2], false]);
  });

  it("stops where the work cancels itself", () => {
    const { work } = sliced(10);
    const seen: number[] = [];
    work.run(
      (function* (): Steps<void> {
        seen.push(1);
        work.cancel();
        yield;
        seen.push(2);
      })(),
    );
    assert.deepEqual([seen, work.isBusy], [[1], false]);
  });

  it("refuses a second piece of work while the first is not done", () => {
    const { work } = sliced(1);
    work.run(count(4, []));
    assert.throws(() => work.run(count(1, [])), /one piece of work/);
  });

  it("is free again after work that throws", () => {
    const { work } = sliced(10);
    const failing = (function* (): Steps<void> {
      yield;
      throw new Error("broken");
    })();
    assert.throws(() => work.run(failing), /broken/);
    assert.equal(work.isBusy, false);
  });
});

describe("finishSteps()", () => {
  it("returns what the last step does", () => {
    const steps = (function* (): Steps<number> {
      yield;
      return 7;
    })();
    assert.equal(finishSteps(steps), 7);
  });
});
