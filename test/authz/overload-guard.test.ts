import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OverloadGuard } from "../../src/authz/overload-guard.ts";
import { CHECK_QUEUE_MIN } from "../../src/base/limits.ts";

function guardAt(waitMaxMs: number) {
  const time = { nowMs: 1_000 };
  const turns: (() => void)[] = [];
  const clock = { nowMs: () => time.nowMs, wallMs: () => 0 };
  const guard = new OverloadGuard(clock, waitMaxMs, (turnEnd) => turns.push(turnEnd));
  const endTurn = () => {
    for (const end of turns.splice(0)) end();
  };
  return { guard, time, endTurn, turns };
}

describe("OverloadGuard", () => {
  it("admits checks until the turn they are in has lasted too long", () => {
    const { guard, time } = guardAt(100);
    for (let i = 0; i < CHECK_QUEUE_MIN; i++) guard.admit(Infinity);
    assert.equal(guard.admit(Infinity), true);
    time.nowMs += 99.9;
    assert.equal(guard.admit(Infinity), true);
    time.nowMs += 0.1;
    assert.equal(guard.admit(Infinity), false);
  });

  it("takes a long turn of few checks for a process that was held up, not for a queue", () => {
    const { guard, time } = guardAt(100);
    guard.admit(Infinity);
    time.nowMs += 500;
    for (let i = 1; i < CHECK_QUEUE_MIN; i++) assert.equal(guard.admit(Infinity), true);
    assert.equal(guard.admit(Infinity), false);
  });

  it("admits again in the next turn", () => {
    const { guard, time, endTurn } = guardAt(100);
    guard.admit(Infinity);
    time.nowMs += 500;
    for (let i = 0; i < CHECK_QUEUE_MIN; i++) guard.admit(Infinity);
    assert.equal(guard.admit(Infinity), false);
    endTurn();
    assert.equal(guard.admit(Infinity), true);
  });

  it("does not take idle time, or a pause before the first check, for waiting", () => {
    const { guard, time, endTurn } = guardAt(100);
    guard.admit(Infinity);
    endTurn();
    time.nowMs += 60_000;
    assert.equal(guard.admit(Infinity), true);
  });

  it("refuses a check whose caller has given up, and one whose caller has by now", () => {
    const { guard, time } = guardAt(100);
    assert.equal(guard.admit(0), false);
    assert.equal(guard.admit(-1), false);
    assert.equal(guard.admit(0.5), true);
    time.nowMs += 50;
    assert.equal(guard.admit(50), false);
    assert.equal(guard.admit(51), true);
  });

  it("schedules once a turn", () => {
    const { guard, turns } = guardAt(100);
    for (let i = 0; i < 10; i++) guard.admit(Infinity);
    assert.equal(turns.length, 1);
  });
});
