/** The load generator: what it counts, and what it refuses to count. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type LoadResult, runLoad } from "../../bench/load.ts";

const ALLOW = Buffer.from([0, 0, 0, 0, 2, 0x0a, 0]);
const DENY = Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 8, 7]);

type Answer = {
  readonly status?: number;
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly grpcStatus?: string;
};

describe("the load generator", () => {
  let folder: string;
  let server: Http2Server | undefined;
  let servers = 0;
  let answered = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
  });
  afterEach(() => server?.close());
  after(() => rm(folder, { recursive: true }));

  /** Asks a server that answers its nth check so, for a fifth of a second. */
  async function ask(
    answer: (index: number) => Answer,
    load: Partial<Parameters<typeof runLoad>[0]> = {},
  ): Promise<LoadResult> {
    const address = join(folder, `server-${servers++}`);
    answered = 0;
    server = createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => {}); // the generator breaks off when it has seen enough
      stream.resume();
      stream.once("end", () => respond(stream, answer(answered++)));
    });
    await new Promise<void>((resolve) => server?.listen(address, resolve));
    return await runLoad({
      address,
      ask: Buffer.alloc(1_024),
      connections: 2,
      shape: { streams: 5 },
      seconds: 0.2,
      warmUpSeconds: 0.05,
      pids: [process.pid],
      ...load,
    });
  }

  function respond(stream: ServerHttp2Stream, answer: Answer): void {
    const { status = 200, contentType = "application/grpc", body = ALLOW, grpcStatus = "0" } = answer;
    stream.respond({ ":status": status, "content-type": contentType }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
    stream.end(body);
  }

  it("counts what it expects, and the processor time that it took", async () => {
    const result = await ask(() => ({}));
    assert.equal(result.refused, 0);
    assert.ok(result.answers > 10 && result.answers <= answered, `${result.answers} of ${answered}`);
    assert.ok((result.cpuUs[process.pid] ?? 0) > 0);
    assert.ok(result.p50Us > 0);
    assert.ok(result.p50Us <= result.p99Us);
    assert.ok(result.p99Us <= result.maxUs);
  });

  it("expects denials where it is told to", async () => {
    const result = await ask(() => ({ body: DENY }), { expect: "deny" });
    assert.equal(result.refused, 0);
  });

  it("asks as often as the rate says", async () => {
    const result = await ask(() => ({}), { shape: { rate: 500 } });
    assert.equal(result.answers, 100);
  });

  it("tells the wait of all that were due while the server stood still", async () => {
    const stood = 100;
    const result = await ask(
      (index) => {
        const untilMs = performance.now() + (index === 60 ? stood : 0);
        while (performance.now() < untilMs);
        return {};
      },
      { shape: { rate: 500 }, warmUpSeconds: 0.02 },
    );
    // A server that is asked again only when it has answered would show one slow check in a hundred.
    assert.ok(result.p99Us > (stood * 1_000) / 2, `p99 ${result.p99Us} µs`);
    assert.ok(result.maxUs >= stood * 1_000, `max ${result.maxUs} µs`);
  });

  it("counts a refusal as no answer in a closed loop", async () => {
    const result = await ask((index) => (index % 50 === 49 ? { body: DENY } : {}));
    assert.ok(result.refused > 0);
    assert.ok(result.answers > result.refused);
  });

  it("counts a refusal as one that never came in an open loop", async () => {
    const result = await ask((index) => (index === 60 ? { body: DENY } : {}), { shape: { rate: 500 } });
    assert.equal(result.refused, 1);
    assert.equal(result.maxUs, 10_000_000);
  });

  const refused = [
    { name: "denials where allows are due", answer: { body: DENY }, says: /were not the expected verdict/ },
    { name: "calls that fail", answer: { grpcStatus: "14" }, says: /grpc-status `14`/ },
    { name: "an HTTP error", answer: { status: 503 }, says: /status 503/ },
    {
      name: "something else than gRPC",
      answer: { contentType: "text/html" },
      says: /content type `text\/html`/,
    },
    { name: "no message", answer: { body: Buffer.alloc(0) }, says: /no uncompressed gRPC message/ },
    { name: "an empty message", answer: { body: Buffer.alloc(5) }, says: /has no status/ },
  ];
  for (const { name, answer, says } of refused) {
    it(`measures no server that answers with ${name}`, async () => {
      await assert.rejects(
        ask(() => answer),
        says,
      );
    });
  }

  it("measures no server that begins to fail", async () => {
    await assert.rejects(
      ask((index) => (index === 20 ? { grpcStatus: "8" } : {})),
      /grpc-status `8`/,
    );
  });

  it("measures nothing where nobody listens", async () => {
    const address = join(folder, "nobody");
    await assert.rejects(
      ask(() => ({}), { address }),
      /connecting to .*nobody/,
    );
  });
});
