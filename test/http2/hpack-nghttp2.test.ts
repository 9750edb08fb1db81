/** Our HPACK against nghttp2's, which node:http2 speaks. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { type ClientHttp2Session, connect, sensitiveHeaders } from "node:http2";
import { createConnection, createServer as createSocketServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import { runSettings } from "../support/runs.ts";
import { compareWithNghttp2, startNghttp2 } from "./compare-nghttp2.ts";
import { httpField } from "./generate-fields.ts";
import { decodeBlock, type Field } from "./hpack-blocks.ts";
import { FLAG, type Frame, frames, PREFACE, SETTING, TYPE } from "./raw-frames.ts";
import { RawPeer } from "./raw-peer.ts";

/** The header blocks that a client of node:http2 sends for requests with these fields, one after another. */
async function clientBlocks(tableBytes: number, requests: readonly (readonly Field[])[]): Promise<Buffer[]> {
  const { client, peer } = await connectToRawPeer();
  const blocks: Buffer[] = [];
  try {
    peer.write(frames.settings([SETTING.headerTableSize, tableBytes]));
    await once(client, "remoteSettings");
    for (const [index, fields] of requests.entries()) {
      const streamId = 2 * index + 1;
      const from = peer.frames.length;
      const isPart = ({ type, streamId: id }: Frame): boolean =>
        id === streamId && (type === TYPE.headers || type === TYPE.continuation);
      const secret = fields.filter(([name]) => name.startsWith("x-s")).map(([name]) => name);
      const request = client.request({ ":path": "/check", ...merge(fields), [sensitiveHeaders]: secret });
      request.on("error", () => {}).end();
      await peer.find((frame) => isPart(frame) && (frame.flags & FLAG.endHeaders) !== 0, from);
      const parts = peer.frames.slice(from).filter(isPart);
      blocks.push(Buffer.concat(parts.map(({ payload }) => payload)));
      peer.write(frames.headers(streamId, encodeHeaders([[":status", "200"]])));
      await once(request.resume(), "close");
    }
  } finally {
    client.destroy();
    peer.destroy();
  }
  return blocks;
}

async function connectToRawPeer(): Promise<{ client: ClientHttp2Session; peer: RawPeer }> {
  const listener = createSocketServer();
  const path = join(mkdtempSync(join(tmpdir(), "ephor-hpack-")), "peer");
  listener.listen(path);
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const client = connect("http://peer", {
    createConnection: () => createConnection(path),
    maxDeflateDynamicTableSize: 65_536,
  });
  const [socket] = await accepted;
  listener.close();
  return { client, peer: new RawPeer(socket as Socket, PREFACE.length) };
}

const REQUEST_FIELDS: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/check"],
  [":authority", "peer:80"],
];

/** Fields as node:http2 takes them: a list of values where a name is there more than once. */
function merge(fields: readonly Field[]): Record<string, string[]> {
  const byName: Record<string, string[]> = {};
  for (const [name, value] of fields) {
    byName[name] ??= [];
    byName[name].push(value);
  }
  return byName;
}

describe("HpackDecoder", () => {
  for (const tableBytes of [0, 200, 4_096, 16_384]) {
    it(`reads what a client of node:http2 sends to a table of ${tableBytes} bytes`, async () => {
      const requests = fc.array(fc.array(httpField, { maxLength: 12 }), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(requests, async (lists) => {
          const decoder = new HpackDecoder({ tableBytesMax: tableBytes, listBytesMax: 1_000_000 });
          for (const [at, block] of (await clientBlocks(tableBytes, lists)).entries()) {
            const { status, fields } = decodeBlock(decoder, block);
            assert.equal(status, "ok");
            const pseudo = fields.filter(([name]) => name.startsWith(":"));
            const others = fields.filter(([name]) => !name.startsWith(":"));
            const wanted = Object.entries(merge(lists[at]!)).flatMap(([name, values]) =>
              values.map((value): Field => [name, value]),
            );
            assert.deepEqual(new Map(pseudo), new Map(REQUEST_FIELDS));
            assert.deepEqual(others, wanted);
          }
        }),
        runSettings(1 / 160),
      );
    });
  }

  it("accepts and refuses what a server of node:http2 does, and keeps the same table", async () => {
    await compareWithNghttp2(runSettings(1 / 16));
  });
});

describe("encodeHeaders()", () => {
  it("makes blocks that a server of node:http2 reads", async () => {
    const server = await startNghttp2();
    const peer = await server.connect();
    let streamId = -1;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(httpField, { maxLength: 20 }), async (others) => {
          streamId += 2;
          const fields: Field[] = [...REQUEST_FIELDS, ...others];
          const from = peer.frames.length;
          peer.write(frames.headers(streamId, encodeHeaders(fields)));
          const answer = await peer.find(
            (frame) => frame.streamId === streamId || frame.type === TYPE.goaway,
            from,
          );
          assert.equal(answer?.type, TYPE.headers);
          assert.deepEqual(server.requests.pop(), fields.flat());
        }),
        runSettings(1 / 20),
      );
    } finally {
      peer.destroy();
      server.close();
    }
  });
});
