import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RANDOM_LISTS, STRICT_LISTS } from "./lists.ts";
import { findMisfits } from "./workshop.ts";

describe("mutants", () => {
  it("each fit the sources: the text that they change is there exactly once", () => {
    assert.deepEqual(findMisfits([...RANDOM_LISTS, ...STRICT_LISTS]), []);
  });

  it("have names of their own", () => {
    const names = [...RANDOM_LISTS, ...STRICT_LISTS].flatMap((list) =>
      list.mutants.map(({ name }) => `${list.about}: ${name}`),
    );
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });

  for (const list of RANDOM_LISTS) {
    it(`are at least twenty: ${list.about}`, () => assert.ok(list.mutants.length >= 20));
  }
});
