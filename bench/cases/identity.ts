/** From what Envoy forwards to a verified identity: node bench/cases/identity.ts first|cached|principal */
import { createRequire } from "node:module";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { parseTrustBundle } from "../../src/identity/trust-bundle.ts";
import { TrustBundles } from "../../src/identity/trust-bundles.ts";
import { mintRoot, mintSvid } from "../../test/support/mint-chain.ts";
import { measureAndReport } from "../harness.ts";

/** The cached one's is what a verified identity may add to a check. */
const BUDGETS_NS: Readonly<Record<string, number>> = { first: 5_000_000, cached: 1_000, principal: 1_000 };
const ID = "spiffe://cluster.local/ns/shop/sa/web";

const name = process.argv[2] ?? "";
const budget = BUDGETS_NS[name];
if (budget === undefined) throw new Error("names what to measure: first, cached or principal");
createRequire(import.meta.url)("node-forge/lib/asn1.js"); // what a process pays once is not the first verification's
const root = mintRoot("cluster.local", { key: "rsa" });
const certificate = name === "principal" ? "" : encodeURIComponent(mintSvid(ID, root, { key: "rsa" }).pem);
const content = parseTrustBundle(root.pem);
if (!content.ok || content.value.kind !== "one") throw new Error("the bundle can't be read");
const bundle = new Map([["cluster.local", content.value.bundle]]);
const bundles = new TrustBundles();
bundles.replace("bench", bundle);
const reader = new PeerIdentityReader(systemClock, {
  trustDomains: ["cluster.local"],
  semantics: "strict",
  ...(name === "principal" ? {} : { bundles }),
});
const bytes = Buffer.from(ID + certificate);
const read = (): string => reader.readBytes(bytes, 0, ID.length, ID.length, bytes.length).kind;
if (read() !== "service-account") throw new Error("not verified");

measureAndReport(
  `identity ${name}, ${certificate.length} bytes of certificate`,
  (count) => {
    let verified = 0;
    for (let index = 0; index < count; index++) {
      // A new revision makes the next verification a first one.
      if (name === "first") bundles.replace("bench", bundle);
      verified += read().length;
    }
    return verified;
  },
  budget,
);
