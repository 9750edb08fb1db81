/** Faults of a Workload API; what a real one tells is asked of SPIRE in test/integration/spire.test.ts. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { loadDefinition } from "envoy-ext-authz-proto";
import { type OwnSvid, WorkloadApiClient } from "../../src/sync/workload-api.ts";
import { until } from "../support/authz-fixture.ts";
import { type Minted, mintIntermediate, mintRoot, mintSvid } from "../support/mint-chain.ts";

const OURS = "spiffe://cluster.local";
const ID = "spiffe://cluster.local/ns/shop/sa/ephor";
const root = mintRoot("cluster.local");
const intermediate = mintIntermediate("cluster.local", root);

type Stream = grpc.ServerWritableStream<unknown, unknown>;

function svidOf(
  leaf: Minted,
  options: { id?: string; key?: Minted; chain?: readonly Minted[] } = {},
): object {
  const { id = ID, key = leaf, chain = [leaf] } = options;
  return {
    spiffe_id: id,
    x509_svid: Buffer.concat(chain.map(({ der }) => der)),
    x509_svid_key: createPrivateKey(key.keyPem).export({ format: "der", type: "pkcs8" }),
    bundle: root.der,
  };
}

describe("WorkloadApiClient", () => {
  let folder: string;
  let server: grpc.Server;
  let client: WorkloadApiClient | undefined;
  let bundleStreams: Stream[];
  let svidStreams: Stream[];
  let bundles: ReadonlyMap<string, readonly unknown[]>[];
  let svids: OwnSvid[];
  let problems: string[];
  let onBundles: (stream: Stream) => void;
  let onSvid: (stream: Stream) => void;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "ephor-workload-"));
    bundleStreams = [];
    svidStreams = [];
    bundles = [];
    svids = [];
    problems = [];
    onBundles = (stream) => stream.write({ bundles: { [OURS]: root.der } });
    onSvid = (stream) => stream.write({ svids: [svidOf(mintSvid(ID, root))] });
    server = new grpc.Server();
    const guarded = (streams: Stream[], handle: () => (stream: Stream) => void) => (stream: Stream) => {
      if (stream.metadata.get("workload.spiffe.io")[0] !== "true") {
        stream.destroy(
          Object.assign(new Error("security header missing"), { code: grpc.status.INVALID_ARGUMENT }),
        );
        return;
      }
      streams.push(stream);
      handle()(stream);
    };
    server.addService(loadDefinition()["SpiffeWorkloadAPI"] as grpc.ServiceDefinition, {
      FetchX509Bundles: guarded(bundleStreams, () => onBundles),
      FetchX509SVID: guarded(svidStreams, () => onSvid),
    });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${folder}/api.sock`, grpc.ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  });

  afterEach(() => {
    client?.close();
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  function create(wantsSvid: boolean): WorkloadApiClient {
    client = new WorkloadApiClient(
      { path: join(folder, "api.sock"), wantsSvid },
      {
        onBundles: (all) => bundles.push(all),
        onSvid: (svid) => svids.push(svid),
        onProblem: (message) => problems.push(message),
      },
    );
    return client;
  }

  it("tells bundles and our own SVID, with its intermediates", async () => {
    onSvid = (stream) => {
      const leaf = mintSvid(ID, intermediate);
      stream.write({
        svids: [svidOf(leaf, { chain: [leaf, intermediate] }), svidOf(mintSvid(`${ID}2`, root))],
      });
    };
    await create(true).start();
    assert.deepEqual(
      [...(bundles[0] ?? [])].map(([domain, all]) => [domain, all.length]),
      [["cluster.local", 1]],
    );
    assert.equal(svids[0]?.id, ID);
    assert.equal(svids[0]?.certificateChain.toString().split("BEGIN CERTIFICATE").length, 3);
    assert.match(svids[0]?.privateKey.toString() ?? "", /BEGIN PRIVATE KEY/);
  });

  it("takes each message for the full set", async () => {
    const partner = mintRoot("partner.example");
    onBundles = (stream) =>
      stream.write({
        bundles: {
          [OURS]: Buffer.concat([root.der, mintRoot("cluster.local").der]),
          "spiffe://partner.example": partner.der,
        },
      });
    await create(false).start();
    bundleStreams[0]?.write({ bundles: { [OURS]: root.der } });
    await until(() => bundles.length === 2, "the second message");
    assert.deepEqual(
      bundles.map((all) => [...all].map(([domain, each]) => `${domain} ${each.length}`)),
      [["cluster.local 2", "partner.example 1"], ["cluster.local 1"]],
    );
    assert.equal(svidStreams.length, 0);
  });

  it("opens a stream again that ends or breaks, and keeps what it was told meanwhile", async () => {
    await create(false).start();
    bundleStreams[0]?.end();
    await until(() => bundles.length === 2, "the second stream");
    bundleStreams[1]?.emit("error", Object.assign(new Error("gone"), { code: grpc.status.UNAVAILABLE }));
    await until(() => bundles.length === 3, "the third stream");
    assert.equal(problems.length, 2);
  });

  const badBundles: readonly (readonly [why: string, message: object, problem: RegExp])[] = [
    ["garbage for a certificate", { bundles: { [OURS]: Buffer.from("garbage") } }, /does not parse/],
    [
      "a certificate and garbage",
      { bundles: { [OURS]: Buffer.concat([root.der, Buffer.from("x")]) } },
      /does not parse/,
    ],
    ["a leaf for an authority", { bundles: { [OURS]: mintSvid(ID, root).der } }, /not that of an authority/],
    ["a name that is no trust domain", { bundles: { "cluster.local": root.der } }, /no trust domain/],
    ["a name with a path", { bundles: { [`${OURS}/x`]: root.der } }, /no trust domain/],
  ];
  for (const [why, message, problem] of badBundles) {
    it(`passes over a message with ${why}, whole`, async () => {
      await create(false).start();
      bundleStreams[0]?.write(message);
      await until(() => problems.length === 1, "the problem");
      assert.match(problems[0] ?? "", problem);
      assert.equal(bundles.length, 1);
    });
  }

  const leaf = mintSvid(ID, root);
  const badSvids: readonly (readonly [why: string, message: object, problem: RegExp])[] = [
    ["no identity", { svids: [] }, /no identity/],
    ["another's key", { svids: [svidOf(leaf, { key: root })] }, /not that of our certificate/],
    ["another ID than it says", { svids: [svidOf(leaf, { id: `${ID}2` })] }, /not of the SPIFFE ID/],
    ["an authority", { svids: [svidOf(mintSvid(ID, root, { isAuthority: true }))] }, /authority/],
    ["no certificate", { svids: [{ ...svidOf(leaf), x509_svid: Buffer.alloc(0) }] }, /holds no certificate/],
    [
      "a key that can't be read",
      { svids: [{ ...svidOf(leaf), x509_svid_key: Buffer.from("x") }] },
      /can't be read/,
    ],
  ];
  for (const [why, message, problem] of badSvids) {
    it(`passes over a message with ${why}`, async () => {
      await create(true).start();
      svidStreams[0]?.write(message);
      await until(() => problems.length === 1, "the problem");
      assert.match(problems[0] ?? "", problem);
      assert.equal(svids.length, 1);
    });
  }
});
