import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { type BlockSequence, blockSequence } from "./generate-blocks.ts";
import { BlockTally, decodeBlock, type Field, hasThreeSizeUpdates, wire } from "./hpack-blocks.ts";
import { ERROR, frames, PREFACE, TYPE } from "./raw-frames.ts";
import { RawPeer } from "./raw-peer.ts";

/** Blocks of a request's pseudo fields, so that a table's entries can be asked for in a request that HTTP/2 allows. */
const REQUEST = Buffer.concat([wire.indexed(2), wire.indexed(6), wire.indexed(4), wire.unindexed(1, "peer")]);
const REQUEST_FIELDS = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "peer"];

/** A server of node:http2 on a Unix socket, which answers everything and keeps the fields of requests. */
export type Nghttp2 = {
  readonly requests: (readonly string[])[];
  /** A connection that has sent its preface and settings. */
  connect(): Promise<RawPeer>;
  close(): void;
};

/** Starts one; its limits are out of the way, so that only HPACK counts. */
export async function startNghttp2(): Promise<Nghttp2> {
  const requests: (readonly string[])[] = [];
  const server = createServer({ maxHeaderListPairs: 100_000, maxSessionInvalidFrames: 1_000_000 });
  server.on("stream", (stream, _headers, _flags, rawHeaders) => {
    requests.push(rawHeaders as unknown as string[]);
    stream.respond({}, { endStream: true });
  });
  server.on("sessionError", () => {}); // what it is told by is the GOAWAY
  const folder = await mkdtemp(join(tmpdir(), "ephor-nghttp2-"));
  const path = join(folder, "socket");
  server.listen(path);
  await once(server, "listening");
  return {
    requests,
    async connect() {
      const socket = createConnection(path);
      await once(socket, "connect");
      const peer = new RawPeer(socket);
      peer.write(PREFACE, frames.settings(), frames.settingsAck());
      return peer;
    },
    close() {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Sends random sequences of blocks to nghttp2, each on a connection of its own, and decodes them ourselves. */
export async function compareWithNghttp2(runs: {
  readonly numRuns: number;
  readonly seed?: number;
}): Promise<void> {
  const server = await startNghttp2();
  const tally = new BlockTally();
  try {
    for (const { blocks } of fc.sample(blockSequence, runs)) {
      const peer = await server.connect();
      await compareSequence(peer, { tableBytesMax: 4_096, blocks }, server.requests, tally);
      peer.destroy();
    }
    tally.check(runs.numRuns);
  } finally {
    server.close();
  }
}

async function compareSequence(
  peer: RawPeer,
  sequence: BlockSequence,
  requests: (readonly string[])[],
  tally: BlockTally,
): Promise<void> {
  const decoder = new HpackDecoder({ tableBytesMax: sequence.tableBytesMax, listBytesMax: 2 ** 30 });
  const shown = sequence.blocks.map((block) => block.toString("hex")).join(" ");
  let streamId = -1;
  const accepts = async (block: Buffer): Promise<boolean> => {
    streamId += 2;
    const from = peer.frames.length;
    peer.write(frames.headers(streamId, block), frames.ping());
    const answer = await peer.find(({ type }) => type === TYPE.ping || type === TYPE.goaway, from);
    assert.ok(answer !== undefined, `the connection ended without a word: ${shown}`);
    if (answer.type === TYPE.ping) return true;
    assert.equal(answer.payload.readUInt32BE(4), ERROR.compression, shown);
    return false;
  };
  for (const block of sequence.blocks) {
    const { status, fields } = decodeBlock(decoder, block);
    const theirs = await accepts(block);
    if (status !== "ok" && theirs && hasThreeSizeUpdates(block)) {
      tally.meant++;
      return;
    }
    assert.equal(status === "ok", theirs, `${block.toString("hex")} of ${shown}`);
    if (theirs) tally.accepted++;
    else tally.refused++;
    if (!theirs) return;
    requests.length = 0;
    // What the table holds: each entry whose name and value HTTP allows, in a request.
    const entries = tableEntries(decoder).filter(
      ([, [name, value]]) => /^x[a-z-]*$/.test(name) && /^[a-z0-9]*$/.test(value),
    );
    if (entries.length === 0) continue;
    assert.ok(
      await accepts(Buffer.concat([REQUEST, ...entries.map(([index]) => wire.indexed(index))])),
      shown,
    );
    const wanted = [...REQUEST_FIELDS, ...entries.flatMap(([, field]) => field)];
    assert.deepEqual(requests.pop(), wanted, `${fields} of ${shown}`);
    tally.entries += entries.length;
  }
}

function tableEntries(decoder: HpackDecoder): (readonly [index: number, field: Field])[] {
  const entries: (readonly [number, Field])[] = [];
  for (let index = 62; ; index++) {
    const { status, fields } = decodeBlock(decoder, wire.indexed(index));
    if (status !== "ok") return entries;
    entries.push([index, fields[0]!]);
  }
}
