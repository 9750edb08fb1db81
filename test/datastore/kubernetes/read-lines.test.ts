import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseWatchEvent } from "../../../src/datastore/kubernetes/api-object.ts";
import { readLines } from "../../../src/datastore/kubernetes/read-lines.ts";

const RUNS = Number(process.env["EPHOR_RUNS"] ?? 500);

async function linesOf(pieces: readonly Uint8Array[], maxBytes = 1_000): Promise<string[]> {
  const lines: string[] = [];
  const stream = (async function* () {
    yield* pieces;
  })();
  for await (const some of readLines(stream, maxBytes)) lines.push(...some);
  return lines;
}

describe("lines of a watch", () => {
  it("are the same however the bytes were cut into pieces", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 }).map((line) => line.replaceAll("\n", ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 8 }),
        text,
        fc.array(fc.nat(600)),
        async (lines, rest, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join("") + rest);
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
            (a, b) => a - b,
          );
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          assert.deepEqual(await linesOf(pieces), lines, "whole lines and nothing of the half one");
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("may be as long as allowed and no longer, be it in one piece or many, ended or not", async () => {
    const line = (length: number): Buffer => Buffer.alloc(length, "x");
    const end = Buffer.from("\n");
    assert.deepEqual(await linesOf([Buffer.concat([line(10), end])], 10), ["x".repeat(10)]);
    for (const pieces of [
      [Buffer.concat([line(11), end])],
      [line(6), line(5), end],
      [line(11)],
      [line(10), line(1)],
    ]) {
      await assert.rejects(linesOf(pieces, 10), /more than 10 bytes/);
    }
  });

  it("are UTF-8 or nothing", async () => {
    assert.deepEqual(await linesOf([Buffer.from([0xc3]), Buffer.from([0xa9, 0x0a])]), ["é"]);
    for (const bytes of [
      [0xff, 0x0a],
      [0xc3, 0x0a],
      [0xed, 0xa0, 0x80, 0x0a],
    ]) {
      await assert.rejects(linesOf([Buffer.from(bytes)]), /not UTF-8/);
    }
  });
});

describe("an event of a watch", () => {
  it("is read from no text that isn't one, and never throws", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ type: "ADDED", object: value })),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const event = parseWatchEvent(text);
        if (event === undefined || event.kind === "error" || event.kind === "bookmark") return;
        assert.ok(event.object.name !== "" && event.object.resourceVersion !== "");
      }),
      { numRuns: RUNS },
    );
  });

  const object = { metadata: { name: "n", resourceVersion: "7" } };
  const table: readonly (readonly [value: unknown, kind: string | undefined])[] = [
    [{ type: "ADDED", object }, "put"],
    [{ type: "MODIFIED", object }, "put"],
    [{ type: "DELETED", object }, "delete"],
    [{ type: "BOOKMARK", object: { metadata: { resourceVersion: "7" } } }, "bookmark"],
    [{ type: "ERROR", object: { code: 410 } }, "error"],
    [{ type: "ERROR" }, "error"],
    [{ type: "added", object }, undefined],
    [{ object }, undefined],
    [{ type: "ADDED", object: { metadata: { name: "", resourceVersion: "7" } } }, undefined],
    [{ type: "ADDED", object: { metadata: { name: "n" } } }, undefined],
    [{ type: "DELETED", object: { metadata: { name: "n", namespace: 5, resourceVersion: "7" } } }, undefined],
    [{ type: "BOOKMARK", object: { metadata: { resourceVersion: "" } } }, undefined],
    [[], undefined],
    [null, undefined],
  ];
  for (const [value, kind] of table) {
    it(`${JSON.stringify(value)} is ${kind ?? "none"}`, () => {
      assert.equal(parseWatchEvent(JSON.stringify(value))?.kind, kind);
    });
  }

  it("that is an error has its code", () => {
    const event = parseWatchEvent('{"type":"ERROR","object":{"code":410,"message":"too old"}}');
    assert.ok(event?.kind === "error");
    assert.equal(event.error.status, 410);
    assert.equal(event.error.message, "too old");
  });
});
