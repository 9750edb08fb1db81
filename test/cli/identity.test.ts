import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { mintRoot, mintSvid } from "../support/mint-chain.ts";
import { runCli } from "./run-cli.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const GATEWAY = "spiffe://cluster.local/ns/edge/sa/gateway";

describe("ephor identity", () => {
  const folder = mkdtempSync(join(tmpdir(), "ephor-identity-"));
  after(() => rmSync(folder, { recursive: true }));
  const save = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const root = mintRoot("cluster.local");
  const bundle = `cluster.local=${save("root.pem", root.pem)}`;
  const web = save("web.pem", mintSvid(WEB, root).pem);
  const stranger = save("stranger.pem", mintSvid(WEB, mintRoot("cluster.local")).pem);
  const partner = "spiffe://partner.example/x";

  const cases: readonly (readonly [
    about: string,
    args: readonly string[],
    exitCode: number,
    text: RegExp,
  ])[] = [
    [
      "takes a certificate whose path ends in the bundle",
      ["--certificate", web, "--trust-bundle", bundle],
      0,
      /^accepted: .*shop\/web$/m,
    ],
    [
      "refuses one of a stranger's",
      ["--certificate", stranger, "--trust-bundle", bundle],
      1,
      /^not verified: .*(another key|no authority)/m,
    ],
    ["takes a stranger's without a bundle, by Envoy's word", ["--certificate", stranger], 0, /^accepted/m],
    [
      "refuses a principal alone with bundles",
      ["--principal", WEB, "--trust-bundle", bundle],
      1,
      /no certificate was forwarded/,
    ],
    [
      "refuses a principal that is not the certificate's",
      ["--certificate", web, "--principal", GATEWAY],
      1,
      /not the principal/,
    ],
    ["takes a principal", ["--principal", WEB], 0, /^accepted/m],
    ["refuses a subject", ["--principal", "CN=web"], 1, /not a SPIFFE ID/],
    [
      "says that an ID is proven and nobody's account",
      ["--principal", partner],
      1,
      /^proven, and no service account of ours/m,
    ],
    ["maps an ID", ["--principal", partner, "--map-identity", `${partner}=shop/web`], 0, /shop\/web/],
    [
      "takes a listed proxy's word",
      ["--principal", GATEWAY, "--forwarded-by", GATEWAY, "--forwarded", `By=${GATEWAY};URI=${WEB}`],
      0,
      /shop\/web/,
    ],
    [
      "refuses another proxy's",
      ["--principal", GATEWAY, "--forwarded-by", GATEWAY, "--forwarded", `By=${WEB};URI=${WEB}`],
      1,
      /not by the proxy/,
    ],
  ];
  for (const [about, args, exitCode, text] of cases) {
    it(about, async () => {
      const result = await runCli(["identity", ...args]);
      assert.equal(result.stderr, "");
      assert.match(result.stdout, text);
      assert.equal(result.exitCode, exitCode);
    });
  }

  const usage: readonly (readonly [about: string, args: readonly string[], text: RegExp])[] = [
    ["nothing to judge", [], /is required/],
    ["a header without a proxy", ["--principal", GATEWAY, "--forwarded", "URI=x"], /--forwarded-by/],
    ["a bundle that is none", ["--principal", WEB, "--trust-bundle", web], /not that of an authority/],
    [
      "a bundle that is not there",
      ["--principal", WEB, "--trust-bundle", join(folder, "none.pem")],
      /ENOENT/,
    ],
    [
      "a bundle of nobody knows which domain",
      [
        "--principal",
        WEB,
        "--trust-domain",
        "a",
        "--trust-domain",
        "b",
        "--trust-bundle",
        join(folder, "root.pem"),
      ],
      /which trust domain/,
    ],
    [
      "certificate mode without bundles",
      ["--principal", WEB, "--identity-mode", "certificate"],
      /needs --trust-bundle/,
    ],
    [
      "an ID mapped that is an account",
      ["--principal", WEB, "--map-identity", `${WEB}=a/b`],
      /service account already/,
    ],
  ];
  for (const [about, args, text] of usage) {
    it(`can't be carried out with ${about}`, async () => {
      const result = await runCli(["identity", ...args]);
      assert.match(result.stderr, text);
      assert.equal(result.exitCode, 2);
    });
  }

  it("prints JSON", async () => {
    const { stdout } = await runCli(["identity", "--principal", WEB, "--output", "json"]);
    assert.equal(JSON.parse(stdout).identity.name, "web");
  });
});
