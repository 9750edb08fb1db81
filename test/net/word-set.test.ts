import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashKey } from "../../src/net/word-page.ts";
import { WordSet } from "../../src/net/word-set.ts";

describe("WordSet", () => {
  for (const width of [1, 2, 3, 4, 5]) {
    it(`of ${width} words tells keys apart by every word and by no other`, () => {
      const key = [1, 2, 3, 4, 5];
      const set = filled(width, [key]);
      assert.equal(has(set, key), true);
      for (let index = 0; index < 5; index++) {
        const other = key.with(index, 9);
        assert.equal(has(set, other), index >= width, `word ${index}`);
      }
      assert.deepEqual(keys(set), [key.map((word, index) => (index < width ? word : 0)).join()]);
    });

    it(`of ${width} words holds keys with zeros in some words, and the key of zeros`, () => {
      const members = [0, 1, 2, 3, 4].slice(0, width).map((index) => [0, 0, 0, 0, 0].with(index, -1));
      const set = filled(width, members);
      assert.equal(set.size, width);
      assert.equal(has(set, [0, 0, 0, 0, 0]), false);
      assert.ok(members.every((member) => has(set, member)));
      assert.ok(has(filled(width, [...members, [0, 0, 0, 0, 0]]), [0, 0, 0, 0, 0]));
    });
  }

  it("stays correct when the hashes of its keys share their top bits", () => {
    const alike: number[][] = [];
    for (let word = 1; alike.length < 1500; word++) {
      if (hashKey(1, word, 0, 0, 0, 0) >>> 22 === 0) alike.push([word, 0, 0, 0, 0]);
    }
    const set = filled(1, alike);
    assert.equal(set.size, alike.length);
    assert.ok(alike.every((key) => has(set, key)));
    const editor = set.edit(0);
    for (const [word = 0] of alike.slice(0, 1400)) assert.ok(editor.delete(word, 0, 0, 0, 0));
    assert.deepEqual(
      keys(editor.finish()),
      alike
        .slice(1400)
        .map((key) => key.join())
        .sort(),
    );
  });

  it("says what an edit changed", () => {
    const editor = filled(1, [[7, 0, 0, 0, 0]]).edit(1);
    assert.equal(editor.add(7, 0, 0, 0, 0), false);
    assert.equal(editor.add(8, 0, 0, 0, 0), true);
    assert.equal(editor.add(0, 0, 0, 0, 0), true);
    assert.equal(editor.add(0, 0, 0, 0, 0), false);
    assert.equal(editor.delete(9, 0, 0, 0, 0), false);
    assert.equal(editor.delete(7, 0, 0, 0, 0), true);
    assert.equal(editor.delete(7, 0, 0, 0, 0), false);
    assert.equal(editor.delete(0, 0, 0, 0, 0), true);
    assert.equal(editor.delete(0, 0, 0, 0, 0), false);
    assert.deepEqual(keys(editor.finish()), ["8,0,0,0,0"]);
  });
});

function filled(width: number, members: readonly (readonly number[])[]): WordSet {
  const editor = WordSet.empty(width).edit(0);
  for (const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0] of members) editor.add(w0, w1, w2, w3, w4);
  return editor.finish();
}

function has(set: WordSet, [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0]: readonly number[]): boolean {
  return set.has(w0, w1, w2, w3, w4);
}

function keys(set: WordSet): string[] {
  const found: string[] = [];
  set.forEach((...words) => {
    found.push(words.join());
  });
  return found.sort();
}
