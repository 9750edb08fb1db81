import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../../src/base/clock.ts";
import { GRPC_NOT_FOUND, GrpcServer, type UnaryCall, type UnaryMethod } from "../../src/http2/index.ts";
import { until } from "../support/until.ts";
import { requestBlock } from "./connection-fixture.ts";
import { FLAG, frames, PREFACE, SETTING } from "./raw-frames.ts";

const ECHO = "/test.Echo/Say";
const MESSAGE_MAX_BYTES = 100_000;
const MESSAGE_READ_MAX_BYTES = 200_000;

/** A server on a port of its own, with a few methods, and what they saw. */
class Fixture implements AsyncDisposable {
  readonly calls: { readonly metadata: ReadonlyMap<string, string>; readonly remainingMs: number }[] = [];
  readonly errors: Error[] = [];
  answers = 0;
  readonly server: GrpcServer;
  readonly #listener: Server;
  readonly #clients: { close(): void }[] = [];

  constructor() {
    const methods = new Map<string, UnaryMethod>([
      [
        ECHO,
        { handle: (message, call) => this.#echo(message, call), handleUnseen: (why) => Buffer.from(why) },
      ],
      ["/test.Echo/Large", { handle: (message) => this.#large(Number(Buffer.from(message).toString())) }],
      ["/test.Echo/Fail", { handle: () => ({ code: GRPC_NOT_FOUND, message: "100 % lost: ä" }) }],
      ["/test.Echo/Throw", { handle: () => assert.fail("broke") }],
    ]);
    this.server = new GrpcServer(systemClock, methods, {
      streamsMax: 50,
      messageMaxBytes: MESSAGE_MAX_BYTES,
      messageReadMaxBytes: MESSAGE_READ_MAX_BYTES,
      onError: (error) => this.errors.push(error),
    });
    this.#listener = createServer({ noDelay: true }, (socket) => this.server.serve(socket));
  }

  static async start(): Promise<Fixture> {
    const fixture = new Fixture();
    await new Promise<void>((resolve) => fixture.#listener.listen(0, "127.0.0.1", resolve));
    return fixture;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  grpc(): grpc.Client {
    const options = { "grpc.max_send_message_length": -1, "grpc.max_receive_message_length": -1 };
    return this.#keep(new grpc.Client(`127.0.0.1:${this.port}`, grpc.credentials.createInsecure(), options));
  }

  http2(): ClientHttp2Session {
    return this.#keep(connectHttp2(`http://127.0.0.1:${this.port}`).on("error", () => {}));
  }

  #keep<T extends { close(): void }>(client: T): T {
    this.#clients.push(client);
    return client;
  }

  #large(bytes: number): Buffer {
    this.answers++;
    return Buffer.alloc(bytes, "x");
  }

  #echo(message: Uint8Array, call: UnaryCall): Buffer {
    this.calls.push({ metadata: call.metadata, remainingMs: call.remainingMs });
    return Buffer.from(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([this.server.close(100), new Promise((resolve) => this.#listener.close(resolve))]);
  }
}

function ask(
  client: grpc.Client,
  path: string,
  message: Buffer,
  options: grpc.CallOptions = {},
): Promise<Buffer> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, message, new grpc.Metadata(), options, (error, answer) =>
      error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error),
    );
  });
}

type Answer = {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** What a body that was framed by hand is answered with. */
async function askRaw(
  session: ClientHttp2Session,
  body: Buffer,
  more: Record<string, string> = {},
): Promise<Answer> {
  const stream = session.request({
    ":method": "POST",
    ":path": ECHO,
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (said) => {
    headers = said;
  });
  stream.on("trailers", (said) => {
    trailers = said;
  });
  stream.end(body);
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { headers, trailers, body: Buffer.concat(parts) };
}

function framed(message: string, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, Buffer.from(message)]);
}

describe("GrpcServer and grpc-js", () => {
  it("answers messages of all sizes, one after the other and at once", async () => {
    await using fixture = await Fixture.start();
    const client = fixture.grpc();
    for (const size of [0, 1, 100, 16_379, 16_384, 65_536, MESSAGE_MAX_BYTES]) {
      const message = Buffer.alloc(size, "m");
      assert.deepEqual(await ask(client, ECHO, message), message);
    }
    const messages = Array.from({ length: 300 }, (_, i) => Buffer.from(`message ${i}`));
    assert.deepEqual(await Promise.all(messages.map((message) => ask(client, ECHO, message))), messages);
  });

  it("sends answers larger than the client's windows", async () => {
    await using fixture = await Fixture.start();
    const client = fixture.grpc();
    const sizes = ["65536", "314159", "3000000"];
    const answers = await Promise.all(
      sizes.map((size) => ask(client, "/test.Echo/Large", Buffer.from(size))),
    );
    assert.deepEqual(
      answers.map(({ length }) => String(length)),
      sizes,
    );
  });

  it("lets a method answer for a message that is too large, and fails a call that goes on and on", async () => {
    await using fixture = await Fixture.start();
    const client = fixture.grpc();
    for (const size of [MESSAGE_MAX_BYTES + 1, MESSAGE_READ_MAX_BYTES]) {
      assert.equal((await ask(client, ECHO, Buffer.alloc(size))).toString(), "too_large");
    }
    for (const [path, size] of [
      [ECHO, MESSAGE_READ_MAX_BYTES + 1],
      [ECHO, 5_000_000],
      ["/test.Echo/Fail", MESSAGE_MAX_BYTES + 1],
    ] as const) {
      await assert.rejects(ask(client, path, Buffer.alloc(size)), { code: grpc.status.RESOURCE_EXHAUSTED });
    }
    assert.equal((await ask(client, ECHO, Buffer.from("still here"))).toString(), "still here");
  });

  it("tells failures with their code and text", async () => {
    await using fixture = await Fixture.start();
    const client = fixture.grpc();
    await assert.rejects(ask(client, "/test.Echo/Fail", Buffer.alloc(0)), {
      code: GRPC_NOT_FOUND,
      details: "100 % lost: ä",
    });
    await assert.rejects(ask(client, "/test.Echo/None", Buffer.alloc(0)), {
      code: grpc.status.UNIMPLEMENTED,
    });
    await assert.rejects(ask(client, "/test.Echo/Throw", Buffer.alloc(0)), {
      code: grpc.status.INTERNAL,
      details: "the method failed",
    });
    assert.deepEqual(
      fixture.errors.map(({ message }) => message),
      ["broke"],
    );
  });

  it("tells a method its call's metadata and what the deadline leaves", async () => {
    await using fixture = await Fixture.start();
    const client = fixture.grpc();
    await ask(client, ECHO, Buffer.alloc(0));
    await ask(client, ECHO, Buffer.alloc(0), { deadline: Date.now() + 5_000 });
    const [without, within] = fixture.calls;
    assert.equal(without?.remainingMs, Infinity);
    assert.ok((within?.remainingMs ?? 0) > 1_000 && (within?.remainingMs ?? 0) <= 5_000);
    assert.match(within?.metadata.get("user-agent") ?? "", /grpc-node-js/);
  });
});

describe("GrpcServer and messages that are framed by hand", () => {
  const cases: readonly (readonly [
    what: string,
    body: Buffer,
    status: number,
    more?: Record<string, string>,
  ])[] = [
    ["one message", framed("hi"), grpc.status.OK],
    ["an encoding that is not used", framed("hi"), grpc.status.OK, { "grpc-encoding": "gzip" }],
    ["no message", Buffer.alloc(0), grpc.status.UNIMPLEMENTED],
    ["two messages", Buffer.concat([framed("a"), framed("b")]), grpc.status.UNIMPLEMENTED],
    ["a compressed message", framed("hi", 1), grpc.status.UNIMPLEMENTED, { "grpc-encoding": "gzip" }],
    ["a first byte that means nothing", framed("hi", 2), grpc.status.INTERNAL],
    ["a message cut short", framed("hi").subarray(0, 6), grpc.status.INTERNAL],
    ["a prefix cut short", framed("hi").subarray(0, 4), grpc.status.INTERNAL],
    ["a message that says to be far longer", Buffer.from("00ffffffff00", "hex"), grpc.status.INTERNAL],
    ["a malformed timeout", framed("hi"), grpc.status.INTERNAL, { "grpc-timeout": "soon" }],
  ];
  for (const [what, body, status, more] of cases) {
    it(`${status === grpc.status.OK ? "answers" : "fails"} ${what}`, async () => {
      await using fixture = await Fixture.start();
      const answer = await askRaw(fixture.http2(), body, more);
      assert.equal(answer.headers[":status"], 200);
      assert.equal(Number(answer.trailers["grpc-status"] ?? answer.headers["grpc-status"]), status);
      assert.equal(answer.body.length, status === grpc.status.OK ? body.length : 0);
    });
  }

  it("answers what is not gRPC in HTTP's own way", async () => {
    await using fixture = await Fixture.start();
    const session = fixture.http2();
    const other = await askRaw(session, Buffer.from("{}"), { "content-type": "application/json" });
    assert.deepEqual([other.headers[":status"], other.headers["grpc-status"]], [415, undefined]);
    const get = session.request({ ":method": "GET", ":path": ECHO });
    const [headers] = await once(get, "response");
    assert.deepEqual([headers[":status"], headers.allow], [405, "POST"]);
  });
});

describe("GrpcServer's sockets", () => {
  it("ends when its client does, and when its client is no client", async () => {
    await using fixture = await Fixture.start();
    for (const words of ["", "GET / HTTP/1.1\r\n\r\n", PREFACE.toString("latin1")]) {
      const socket = connect(fixture.port, "127.0.0.1");
      socket.end(words, "latin1");
      await once(socket.resume(), "close");
    }
    await until(() => fixture.server.connectionCount === 0);
  });

  it("delivers its last words although the client has said more", async () => {
    await using fixture = await Fixture.start();
    const socket = connect(fixture.port, "127.0.0.1");
    socket.write(Buffer.concat([Buffer.from("POST / HTTP/1.1\r\n\r\n"), Buffer.alloc(500_000)]));
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    assert.match(Buffer.concat(parts).toString("latin1"), /not HTTP\/2$/);
  });

  it("stops reading from a client that asks and does not read, and goes on when it does", async () => {
    await using fixture = await Fixture.start();
    const socket = connect(fixture.port, "127.0.0.1");
    await once(socket, "connect");
    socket.pause();
    const windows = [
      frames.settings([SETTING.initialWindowSize, 2 ** 31 - 1]),
      frames.windowUpdate(0, 2 ** 30),
    ];
    socket.write(Buffer.concat([PREFACE, ...windows, frames.settingsAck()]));
    // 40 MB of answers: far more than both systems' buffers, what may wait, and a read's worth.
    const block = requestBlock("/test.Echo/Large", ["content-type", "application/grpc"]);
    const question = framed("2000");
    for (let id = 1; id < 40_000; id += 2) {
      socket.write(Buffer.concat([frames.headers(id, block, FLAG.endHeaders), frames.data(id, question, 1)]));
    }
    let before = -1;
    while (fixture.answers > before) {
      before = fixture.answers;
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(fixture.answers > 100 && fixture.answers < 15_000, `${fixture.answers} answers nobody reads`);
    socket.resume();
    await until(() => fixture.answers === 20_000);
    socket.destroy();
  });

  it("close() lets a call end that is under way", async () => {
    await using fixture = await Fixture.start();
    const session = fixture.http2();
    await once(session, "connect");
    const open = session.request({ ":method": "POST", ":path": ECHO, "content-type": "application/grpc" });
    open.write(framed("hello").subarray(0, 3));
    // Its answer comes after what was written before.
    await new Promise((resolve) => session.ping(resolve));
    const closed = fixture.server.close(5_000);
    await once(session, "goaway");
    open.end(framed("hello").subarray(3));
    const parts: Buffer[] = [];
    for await (const part of open) parts.push(part as Buffer);
    assert.deepEqual(Buffer.concat(parts), framed("hello"));
    await closed;
    assert.equal(fixture.server.connectionCount, 0);
  });

  it("close() cuts a connection whose client does not heed it", async () => {
    await using fixture = await Fixture.start();
    const socket = connect(fixture.port, "127.0.0.1");
    socket.write(Buffer.concat([PREFACE, frames.settings()]));
    await once(socket, "data");
    const started = performance.now();
    await fixture.server.close(100);
    assert.ok(performance.now() - started >= 95);
  });
});
