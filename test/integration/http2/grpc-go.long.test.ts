/** grpc-go's client of gRPC's interoperability tests: the cases that a server of unary methods can be asked. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runToEnd } from "../../../src/cli/demo/child-process.ts";
import { TEST_SERVICE } from "../../http2/grpc-test-service.ts";
import { Serving } from "../../http2/serving.ts";
import { GRPC_INTEROP_CLIENT, requireConformanceTool } from "../../support/conformance.ts";
import { mintRoot, mintSvid } from "../../support/mint-chain.ts";

const CASE_TIMEOUT_MS = 30_000;

/**
 * The others stream, want credentials of a cloud, or (`custom_metadata`, `pick_first_unary`, `orca_*`) want metadata of the server's own,
 * which ours never sends.
 */
const CASES = [
  "empty_unary",
  "large_unary",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
];
/** What one that we can't pass says, so that a client that tests nothing is noticed. */
const BEYOND_US = {
  test: "empty_stream",
  says: /code = Unimplemented desc = the method takes exactly one message/,
};

describe("grpc-go's interoperability client", () => {
  const root = mintRoot("cluster.local");
  const folder = mkdtempSync(join(tmpdir(), "ephor-interop-"));
  const authority = join(folder, "root.pem");
  let program: string;

  before(async () => {
    program = await requireConformanceTool(GRPC_INTEROP_CLIENT);
    writeFileSync(authority, root.pem);
  });
  after(() => rmSync(folder, { recursive: true }));

  function run(port: number, test: string, flags: readonly string[]): ReturnType<typeof runToEnd> {
    const target = ["-server_host", "127.0.0.1", "-server_port", String(port), "-test_case", test];
    return runToEnd(program, [...target, ...flags], { env: process.env, timeoutMs: CASE_TIMEOUT_MS });
  }

  it("passes over TCP", async () => {
    await using serving = await Serving.start("tcp", TEST_SERVICE);
    for (const test of CASES) {
      const { exitCode, stderr } = await run(serving.port, test, []);
      assert.equal(exitCode, 0, `${test}: ${stderr}`);
    }
    assert.deepEqual(serving.errors, []);
  });

  it("passes over TLS", async () => {
    const { pem, keyPem } = mintSvid("spiffe://cluster.local/ns/shop/sa/ephor", root, {
      altNames: [{ type: 2, value: "localhost" }],
    });
    await using serving = await Serving.start({ certificatePem: pem, keyPem }, TEST_SERVICE);
    const flags = ["-use_tls", "-use_test_ca", "-ca_file", authority, "-server_host_override", "localhost"];
    for (const test of CASES) {
      const { exitCode, stderr } = await run(serving.port, test, flags);
      assert.equal(exitCode, 0, `${test}: ${stderr}`);
    }
  });

  it("fails where it should", async () => {
    await using serving = await Serving.start("tcp", TEST_SERVICE);
    const { exitCode, stderr } = await run(serving.port, BEYOND_US.test, []);
    assert.equal(exitCode, 1);
    assert.match(stderr, BEYOND_US.says);
  });
});
