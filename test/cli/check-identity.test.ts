import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { mintRoot, mintSvid } from "../support/mint-chain.ts";
import { runCli } from "./run-cli.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const GATEWAY = "spiffe://cluster.local/ns/edge/sa/gateway";
const PARTNER = "spiffe://partner.example/billing";

/** No Pod, no address: what a gateway, a VM or another cluster knows. */
const POLICY = `
apiVersion: ephor.dev/v1
kind: NetworkPolicy
metadata: { name: callers, namespace: shop }
spec:
  ingress:
    - { action: Allow, source: { serviceAccounts: { names: [web] } } }
    - { action: Allow, source: { identities: { ids: ["${PARTNER}"] } } }
`;

describe("ephor check with policies that know no address", () => {
  const folder = mkdtempSync(join(tmpdir(), "ephor-check-"));
  after(() => rmSync(folder, { recursive: true }));
  const root = mintRoot("cluster.local");
  const partnerRoot = mintRoot("partner.example");
  writeFileSync(join(folder, "policy.yaml"), POLICY);
  writeFileSync(join(folder, "root.pem"), root.pem);
  writeFileSync(join(folder, "partner.pem"), partnerRoot.pem);
  const bundles = [
    ...["--trust-bundle", `cluster.local=${join(folder, "root.pem")}`],
    ...["--trust-bundle", `partner.example=${join(folder, "partner.pem")}`],
  ];

  async function verdict(
    flags: readonly string[],
    peer: { principal: string; certificate?: string },
    header?: string,
  ): Promise<string> {
    const address = { socket_address: { address: "192.0.2.7", port_value: 40_000 } };
    const http = {
      method: "GET",
      path: "/",
      ...(header === undefined ? {} : { headers: { "x-forwarded-client-cert": header } }),
    };
    const attributes = { source: { address, ...peer }, destination: { address }, request: { http } };
    const { stdout, stderr } = await runCli(
      [
        "check",
        ...["--policies", folder, "--workload", "shop/api", "--address", "10.0.0.1"],
        ...["--labels-file", join(folder, "labels"), "--request", "-", "--output", "json", ...flags],
      ],
      { stdin: JSON.stringify({ attributes }) },
    );
    assert.equal(stderr, "");
    const { verdict: word, reason } = JSON.parse(stdout);
    return reason === undefined ? word : `${word} ${reason}`;
  }
  writeFileSync(join(folder, "labels"), 'app="api"\n');
  const forward = (pem: string): string => encodeURIComponent(pem);
  const gateway = { principal: GATEWAY, certificate: forward(mintSvid(GATEWAY, root).pem) };

  it("allows a caller from anywhere by its identity alone", async () => {
    assert.equal(await verdict(["--peer", "identity"], { principal: WEB }), "allow");
    const proven = { principal: WEB, certificate: forward(mintSvid(WEB, root).pem) };
    assert.equal(await verdict([...bundles, "--peer", "identity"], proven), "allow");
  });

  it("denies one whose certificate does not prove it", async () => {
    const forged = { principal: WEB, certificate: forward(mintSvid(WEB, mintRoot("cluster.local")).pem) };
    assert.equal(await verdict(bundles, forged), "deny identity_unverified");
    assert.equal(await verdict(bundles, { principal: WEB }), "deny identity_unverified");
  });

  it("allows a caller behind a listed gateway, and nobody behind another", async () => {
    const header = `By=${GATEWAY};URI=${WEB}`;
    assert.equal(await verdict([...bundles, "--forwarded-by", GATEWAY], gateway, header), "allow");
    assert.equal(await verdict(bundles, gateway, header), "deny tier_default");
    const other = ["--forwarded-by", "spiffe://cluster.local/ns/edge/sa/other"];
    assert.equal(await verdict([...bundles, ...other], gateway, header), "deny tier_default");
    assert.equal(await verdict([...bundles, "--forwarded-by", GATEWAY], gateway), "deny identity_unverified");
  });

  it("allows a proven ID of another trust domain that a rule names, and no other of it", async () => {
    const proven = (id: string): { principal: string; certificate: string } => ({
      principal: id,
      certificate: forward(mintSvid(id, partnerRoot).pem),
    });
    assert.equal(await verdict(bundles, proven(PARTNER)), "allow");
    assert.equal(await verdict(bundles, proven(`${PARTNER}/x`)), "deny tier_default");
  });
});
