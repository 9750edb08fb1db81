/** gRPC's interoperability cases for calls of one message, by a client of grpc-js. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { createDeferred } from "../../src/base/deferred.ts";
import { SIMPLE_REQUEST, SIMPLE_RESPONSE, TEST_SERVICE } from "./grpc-test-service.ts";
import { Serving } from "./serving.ts";

const SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n";
const LARGE_REQUEST_BYTES = 271_828;
const LARGE_RESPONSE_BYTES = 314_159;
const DEADLINE_MS = 10_000;

const asIs = (bytes: Buffer): Buffer => bytes;

describe("a client of grpc-js", () => {
  let serving: Serving;
  let client: Client;

  before(async () => {
    serving = await Serving.start("unix", TEST_SERVICE);
    client = new Client(`unix:${serving.path}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await serving[Symbol.asyncDispose]();
    assert.deepEqual(serving.errors, []);
  });

  function call(path: string, message: Buffer, deadlineMs = DEADLINE_MS): Promise<Buffer> {
    const { promise, resolve, reject } = createDeferred<Buffer>();
    const deadline = Date.now() + deadlineMs;
    client.makeUnaryRequest(path, asIs, asIs, message, new Metadata(), { deadline }, (error, reply) => {
      if (error === null) resolve(reply as Buffer);
      else reject(error);
    });
    return promise;
  }

  function simple(fields: object): Buffer {
    return Buffer.from(SIMPLE_REQUEST.encode(SIMPLE_REQUEST.create(fields)).finish());
  }

  const UNARY = "/grpc.testing.TestService/UnaryCall";

  it("passes empty_unary", async () => {
    assert.equal((await call("/grpc.testing.TestService/EmptyCall", Buffer.alloc(0))).length, 0);
  });

  it("passes large_unary", async () => {
    const request = simple({
      responseSize: LARGE_RESPONSE_BYTES,
      payload: { body: Buffer.alloc(LARGE_REQUEST_BYTES) },
    });
    const reply = SIMPLE_RESPONSE.decode(await call(UNARY, request)) as unknown as {
      payload: { body: Buffer };
    };
    assert.equal(reply.payload.body.length, LARGE_RESPONSE_BYTES);
  });

  it("passes large_unary ten times at once, whose replies wait for the client's window", async () => {
    const request = simple({
      responseSize: LARGE_RESPONSE_BYTES,
      payload: { body: Buffer.alloc(LARGE_REQUEST_BYTES) },
    });
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(UNARY, request)));
    for (const reply of replies) assert.ok(reply.length > LARGE_RESPONSE_BYTES);
  });

  it("passes status_code_and_message", async () => {
    const request = simple({ responseStatus: { code: 2, message: "test status message" } });
    await assert.rejects(call(UNARY, request), { code: status.UNKNOWN, details: "test status message" });
  });

  it("passes special_status_message", async () => {
    const request = simple({ responseStatus: { code: 2, message: SPECIAL_MESSAGE } });
    await assert.rejects(call(UNARY, request), { code: status.UNKNOWN, details: SPECIAL_MESSAGE });
  });

  for (const [test, path] of [
    ["unimplemented_method", "/grpc.testing.TestService/UnimplementedCall"],
    ["unimplemented_service", "/grpc.testing.UnimplementedService/UnimplementedCall"],
  ] as const) {
    it(`passes ${test}`, () => assert.rejects(call(path, Buffer.alloc(0)), { code: status.UNIMPLEMENTED }));
  }

  it("passes timeout_on_sleeping_server", async () => {
    const stream = client.makeBidiStreamRequest(
      "/grpc.testing.TestService/FullDuplexCall",
      asIs,
      asIs,
      new Metadata(),
      { deadline: Date.now() + 50 },
    );
    const { promise, resolve } = createDeferred<ServiceError>();
    stream.on("error", resolve);
    stream.write(simple({}));
    assert.equal(((await promise) as ServiceError).code, status.DEADLINE_EXCEEDED);
  });

  it("passes cancel_after_begin", async () => {
    const { promise, resolve } = createDeferred<ServiceError | null>();
    const stream = client.makeClientStreamRequest(UNARY, asIs, asIs, resolve);
    stream.cancel();
    assert.equal((await promise)?.code, status.CANCELLED);
    assert.equal((await call("/grpc.testing.TestService/EmptyCall", Buffer.alloc(0))).length, 0);
  });
});
