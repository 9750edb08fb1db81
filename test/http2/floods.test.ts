/** Floods over a socket: what they cost a server in memory and processor time, and what a second client sees meanwhile. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../support/until.ts";
import type { Usage } from "./flood-server.ts";
import { CALL, EMPTY_MESSAGE, FLOODS, type Flood, OPENING } from "./floods.ts";
import { FLAG, frames, TYPE } from "./raw-frames.ts";
import { RawPeer } from "./raw-peer.ts";

/** What a flood sends at most, in writes of about so much. */
const FLOOD_MAX_BYTES = 4_194_304;
const WRITE_BYTES = 65_536;
/** Processor time that a flood may take: a fraction of a second to be cut off in, or so much for each mebibyte that is worked off. */
const CUT_CPU_MAX_MS = 1_000;
const SERVED_CPU_MAX_MS_PER_MIB = 600;
/** What the process may grow by under all of them, one after another: reads, slabs of output, and what the collector leaves lying. */
const GROWTH_MAX_BYTES = 96 * 1_048_576;
/** A server that reads no more has taken what the limits say and what the system's buffers hold. */
const STALLED_MAX_BYTES = 8_388_608;
/** Nothing was taken for so long: the server reads no more. */
const STALL_MS = 500;
/** Calls of the second client that have to be answered while a flood is on, or at its end. */
const MEANWHILE_MIN = 3;

describe("a server under a flood", () => {
  const folder = mkdtempSync(join(tmpdir(), "ephor-floods-"));
  const path = join(folder, "socket");
  const sockets: Socket[] = [];
  let server: ChildProcess;
  let residentBefore = 0;

  before(async () => {
    server = fork(join(import.meta.dirname, "flood-server.ts"), [path], { stdio: "inherit" });
    await once(server, "message");
    await callOnce(await connect(), 1);
    residentBefore = (await usage()).residentBytes;
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.disconnect();
    rmSync(folder, { recursive: true });
  });

  async function usage(): Promise<Usage> {
    const answer = once(server, "message");
    server.send("usage");
    const [said] = await answer;
    return said as Usage;
  }

  async function open(): Promise<Socket> {
    const socket = createConnection(path);
    sockets.push(socket);
    socket.on("error", () => {}); // that it is cut off is seen by its end
    await once(socket, "connect");
    return socket;
  }

  async function connect(): Promise<RawPeer> {
    const peer = new RawPeer(await open());
    peer.write(OPENING);
    return peer;
  }

  /** One good call; fails where it is not answered. */
  async function callOnce(peer: RawPeer, streamId: number): Promise<void> {
    const from = peer.frames.length;
    peer.write(
      frames.headers(streamId, CALL, FLAG.endHeaders),
      frames.data(streamId, EMPTY_MESSAGE, FLAG.endStream),
    );
    const end = await peer.find(
      (said) => said.streamId === streamId && (said.flags & FLAG.endStream) !== 0,
      from,
    );
    assert.equal(end?.type, TYPE.headers, "a good call is answered");
  }

  /** Calls one after another until `isOver`, and some more. */
  async function callMeanwhile(isOver: () => boolean): Promise<number> {
    const peer = await connect();
    let calls = 0;
    while (!isOver() || calls < MEANWHILE_MIN) await callOnce(peer, 2 * calls++ + 1);
    peer.destroy();
    return calls;
  }

  /** Sends a flood until it is cut off, taken in no more, or long enough. Returns the bytes that were sent. */
  async function flood({ opening = OPENING, turn, end }: Flood, socket: Socket): Promise<number> {
    if (end === "stalled") socket.pause();
    else socket.resume();
    socket.write(opening);
    let turns = 0;
    while (socket.writable && !socket.readableEnded && socket.bytesWritten < FLOOD_MAX_BYTES) {
      const parts: Buffer[] = [];
      for (let bytes = 0; bytes < WRITE_BYTES; bytes += parts.at(-1)?.length ?? 0) parts.push(turn(turns++));
      if (socket.write(Buffer.concat(parts))) continue;
      const taken = socket.bytesWritten - socket.writableLength;
      await drained(socket, end === "stalled");
      if (
        end === "stalled" &&
        socket.writableLength > 0 &&
        socket.bytesWritten - socket.writableLength === taken
      )
        break;
    }
    return socket.bytesWritten - socket.writableLength;
  }

  for (const attack of FLOODS) {
    it(`answers others, and stays small: ${attack.name}`, async () => {
      const before = await usage();
      const socket = await open();
      let isOver = false;
      const sent = flood(attack, socket).finally(() => {
        isOver = true;
      });
      const [bytes, calls] = await Promise.all([sent, callMeanwhile(() => isOver)]);
      if (attack.end === "cut") await until(() => socket.readableEnded || socket.destroyed);
      const spent = await usage();
      const cpuMs = spent.cpuMs - before.cpuMs;
      assert.ok(calls >= MEANWHILE_MIN);
      if (attack.end === "cut") assert.ok(cpuMs < CUT_CPU_MAX_MS, `${cpuMs} ms of CPU`);
      if (attack.end === "served") {
        assert.ok(cpuMs < (SERVED_CPU_MAX_MS_PER_MIB * bytes) / 1_048_576, `${cpuMs} ms for ${bytes} bytes`);
      }
      if (attack.end === "stalled") assert.ok(bytes < STALLED_MAX_BYTES, `${bytes} bytes were taken`);
      const growth = spent.residentBytes - residentBefore;
      assert.ok(growth < GROWTH_MAX_BYTES, `the process grew by ${growth} bytes`);
      socket.destroy();
    });
  }

  it("has no connection left once they are gone", async () => {
    for (const socket of sockets) socket.destroy();
    let left = 1;
    while (left > 0) left = (await usage()).connections;
  });
});

/** Until more may be written, or the other end is gone, or (if that is awaited) long enough that a server which reads on has done so. */
function drained(socket: Socket, isStallAwaited: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = isStallAwaited ? setTimeout(() => settle(), STALL_MS) : undefined;
    const settle = (): void => {
      clearTimeout(timer);
      socket.off("drain", settle).off("close", settle);
      resolve();
    };
    socket.on("drain", settle).on("close", settle);
  });
}
