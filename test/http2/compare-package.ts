import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { fetchWheel } from "../support/python-wheel.ts";
import { type BlockSequence, blockSequence } from "./generate-blocks.ts";
import { BlockTally, decodeBlock, type Field, hasThreeSizeUpdates, wire } from "./hpack-blocks.ts";

const HPACK_WHEEL = {
  name: "hpack",
  version: "4.2.0",
  sha256: "858ac0b02280fa582b5080d68db0899c62a80375e0e5413a74970c5e518b6986",
};
/** Sequences that one call of the peer takes. */
const BATCH = 20_000;

type Outcome = {
  /** The fields of each block up to the first that is refused, which is null. */
  readonly lists: readonly (readonly Field[] | null)[];
  /** The dynamic table after the last block, the newest entry first. */
  readonly table: readonly Field[];
};

/** Decodes random sequences of blocks with the package `hpack` of PyPI and ourselves: block by block, then their tables. */
export async function compareWithPackage(runs: {
  readonly numRuns: number;
  readonly seed?: number;
}): Promise<void> {
  const wheel = await fetchWheel(HPACK_WHEEL);
  const tally = new BlockTally();
  const sequences = fc.sample(blockSequence, runs);
  for (let at = 0; at < sequences.length; at += BATCH) {
    const batch = sequences.slice(at, at + BATCH);
    const answers = theirs(batch, wheel);
    assert.equal(answers.length, batch.length);
    for (const [index, sequence] of batch.entries()) compare(sequence, answers[index]!, tally);
  }
  tally.check(runs.numRuns);
}

function compare(sequence: BlockSequence, their: Outcome, tally: BlockTally): void {
  const our = ours(sequence);
  const shown = sequence.blocks.map((block) => block.toString("hex")).join(" ");
  const failed = our.lists.indexOf(null);
  const last = sequence.blocks[failed];
  if (last !== undefined && hasThreeSizeUpdates(last)) {
    tally.meant++;
    assert.deepEqual(our.lists.slice(0, failed), their.lists.slice(0, failed), shown);
    return;
  }
  assert.deepEqual(our, their, shown);
  tally.accepted += our.lists.length - (failed < 0 ? 0 : 1);
  tally.refused += failed < 0 ? 0 : 1;
  tally.entries += our.table.length;
}

function ours({ tableBytesMax, blocks }: BlockSequence): Outcome {
  const decoder = new HpackDecoder({ tableBytesMax, listBytesMax: 2 ** 30 });
  const lists: (readonly Field[] | null)[] = [];
  for (const block of blocks) {
    const { status, fields } = decodeBlock(decoder, block);
    assert.notEqual(status, "list_too_large");
    lists.push(status === "ok" ? fields : null);
    if (status !== "ok") break;
  }
  const table: Field[] = [];
  for (;;) {
    const { status, fields } = decodeBlock(decoder, wire.indexed(62 + table.length));
    if (status !== "ok") return { lists, table };
    table.push(...fields);
  }
}

function theirs(sequences: readonly BlockSequence[], wheel: string): Outcome[] {
  const lines = sequences.map(({ tableBytesMax, blocks }) =>
    JSON.stringify({ tableBytesMax, blocks: blocks.map((block) => block.toString("hex")) }),
  );
  const { status, stdout, stderr } = spawnSync("python3", [join(import.meta.dirname, "hpack-peer.py")], {
    input: `${lines.join("\n")}\n`,
    env: { ...process.env, PYTHONPATH: wheel },
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  assert.equal(status, 0, stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Outcome);
}
