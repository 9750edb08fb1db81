/** The conformance suite h2spec, whole: every section of `generic`, `http2` and `hpack`, strict cases too. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runToEnd } from "../../../src/cli/demo/child-process.ts";
import { TEST_SERVICE } from "../../http2/grpc-test-service.ts";
import { type Listening, Serving } from "../../http2/serving.ts";
import { H2SPEC, requireConformanceTool } from "../../support/conformance.ts";
import { mintRoot, mintSvid } from "../../support/mint-chain.ts";

/** Cases of h2spec 2.2.1 with its strict ones; fewer means that some did not run. */
const CASES = 146;
const RUN_TIMEOUT_MS = 300_000;

type Report = { readonly tests: number; readonly failed: string[]; readonly skipped: string[] };

async function runH2spec(port: number, flags: readonly string[]): Promise<Report> {
  const program = await requireConformanceTool(H2SPEC);
  const folder = await mkdtemp(join(tmpdir(), "ephor-h2spec-"));
  const file = join(folder, "report.xml");
  const target = ["--host", "127.0.0.1", "--port", String(port), "--timeout", "5", "--strict"];
  try {
    const result = await runToEnd(program, [...target, "--junit-report", file, ...flags], {
      env: process.env,
      timeoutMs: RUN_TIMEOUT_MS,
    });
    assert.notEqual(result.exitCode, undefined, result.failure);
    return readReport(readFileSync(file, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The suites of an XML report of JUnit's kind, whose cases have a `failure` or `skipped` inside if they did not pass. */
function readReport(xml: string): Report {
  const cases = [
    ...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs),
  ];
  const named = cases.map(([, section, name, inside = ""]) => ({ name: `${section}: ${name}`, inside }));
  return {
    tests: cases.length,
    failed: named
      .filter(({ inside }) => /<(failure|error)/.test(inside))
      .map(({ name, inside }) => `${name} ${inside}`),
    skipped: named.filter(({ inside }) => /<skipped/.test(inside)).map(({ name }) => name),
  };
}

describe("h2spec", () => {
  async function passes(listening: Listening, flags: readonly string[]): Promise<void> {
    await using serving = await Serving.start(listening, TEST_SERVICE);
    const report = await runH2spec(serving.port, flags);
    assert.deepEqual(report, { tests: CASES, failed: [], skipped: [] });
    assert.deepEqual(serving.errors, []);
  }

  it("passes whole over TCP", () => passes("tcp", []));

  it("passes whole over TLS", () => {
    const root = mintRoot("cluster.local");
    const { pem, keyPem } = mintSvid("spiffe://cluster.local/ns/shop/sa/ephor", root);
    return passes({ certificatePem: pem, keyPem }, ["--tls", "--insecure"]);
  });
});
