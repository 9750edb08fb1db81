/** Certificates and bundles of other projects' tests: what theirs say of them, and what we say. See test/vectors/spiffe/README.md. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readPemCertificates } from "../../src/identity/certificate.ts";
import { checkSvid } from "../../src/identity/check-svid.ts";
import { parseTrustBundle } from "../../src/identity/trust-bundle.ts";
import { verifyPath } from "../../src/identity/verify-path.ts";

const FOLDER = new URL("../vectors/spiffe/", import.meta.url);

type Expectation = {
  readonly file: string;
  /** What the project's own tests say. */
  readonly theirs: "good" | "bad";
  /** A pattern of our refusal; absent: accepted. */
  readonly refused?: RegExp;
  /** Why we differ from them. */
  readonly differs?: string;
};

const STRICTER_LEAF =
  "the X.509-SVID standard, section 4.3, has digitalSignature set; these have no key usage";

const BUNDLES: readonly Expectation[] = [
  {
    file: "go-spiffe/bundle-cert.pem",
    theirs: "good",
    refused: /not that of an authority/,
    differs: "a leaf is no authority",
  },
  {
    file: "go-spiffe/bundle-certs.pem",
    theirs: "good",
    refused: /not that of an authority/,
    differs: "a leaf is no authority",
  },
  { file: "go-spiffe/bundle-corrupted.pem", theirs: "bad", refused: /./ },
  {
    file: "go-spiffe/bundle-empty.pem",
    theirs: "good",
    refused: /no certificate/,
    differs: "an empty file is a mistake more often than a revocation",
  },
  { file: "go-spiffe/bundle-not-pem.pem", theirs: "bad", refused: /no certificate/ },
  {
    file: "go-spiffe/spiffebundle_missing_kid.json",
    theirs: "bad",
    differs: "the key without id is for JWT-SVIDs, which are not read",
  },
  { file: "go-spiffe/spiffebundle_multiple_x509.json", theirs: "bad", refused: /exactly one certificate/ },
  { file: "go-spiffe/spiffebundle_no_keys.json", theirs: "bad", refused: /keys/ },
  { file: "go-spiffe/spiffebundle_valid_1.json", theirs: "good" },
  { file: "go-spiffe/spiffebundle_valid_2.json", theirs: "good" },
  { file: "go-spiffe/spiffebundle_valid_with_wit.json", theirs: "good" },
  { file: "grpc/e2e-client_spiffebundle.json", theirs: "good" },
  { file: "grpc/e2e-server_spiffebundle.json", theirs: "good" },
  { file: "grpc/spiffe_test.json", theirs: "good" },
  {
    file: "grpc/spiffebundle.json",
    theirs: "good",
    refused: /not that of an authority/,
    differs: "one of its domains has a leaf for an authority",
  },
  { file: "grpc/spiffebundle2.json", theirs: "good" },
  {
    file: "grpc/spiffebundle_match_client_spiffe.json",
    theirs: "good",
    refused: /not that of an authority/,
    differs: "one of its domains has a leaf for an authority",
  },
  { file: "grpc/spiffebundle_corrupted_cert.json", theirs: "bad", refused: /does not parse/ },
  { file: "grpc/spiffebundle_empty_keys.json", theirs: "bad", refused: /no trust domain/ },
  { file: "grpc/spiffebundle_empty_string_key.json", theirs: "bad", refused: /no trust domain/ },
  { file: "grpc/spiffebundle_invalid_trustdomain.json", theirs: "bad", refused: /no trust domain/ },
  { file: "grpc/spiffebundle_malformed.json", theirs: "bad", refused: /./ },
  { file: "grpc/spiffebundle_wrong_kid.json", theirs: "bad", refused: /kty/ },
  { file: "grpc/spiffebundle_wrong_kty.json", theirs: "bad", refused: /kty/ },
  { file: "grpc/spiffebundle_wrong_multi_certs.json", theirs: "bad", refused: /exactly one certificate/ },
  { file: "grpc/spiffebundle_wrong_root.json", theirs: "bad", refused: /keys/ },
  { file: "grpc/spiffebundle_wrong_seq_type.json", theirs: "bad", refused: /spiffe_sequence/ },
  { file: "grpc/spiffebundle_wrong_use.json", theirs: "good" },
];

const LEAVES: readonly Expectation[] = [
  { file: "go-spiffe/good-leaf-only.pem", theirs: "good" },
  { file: "go-spiffe/good-leaf-and-intermediate.pem", theirs: "good" },
  { file: "go-spiffe/corrupt-cert.pem", theirs: "bad", refused: /does not parse/ },
  { file: "go-spiffe/not-pem", theirs: "bad", refused: /no certificate/ },
  { file: "go-spiffe/wrong-leaf-ca-true.pem", theirs: "bad", refused: /authority/ },
  { file: "go-spiffe/wrong-leaf-cert-sign.pem", theirs: "bad", refused: /may sign/ },
  { file: "go-spiffe/wrong-leaf-crl-sign.pem", theirs: "bad", refused: /may sign/ },
  { file: "go-spiffe/wrong-leaf-empty-id.pem", theirs: "bad", refused: /0 URI names/ },
  { file: "go-spiffe/wrong-leaf-no-digital-signature.pem", theirs: "bad", refused: /digitalSignature/ },
  { file: "go-spiffe/wrong-intermediate-no-ca.pem", theirs: "bad", refused: /authority/ },
  { file: "go-spiffe/wrong-intermediate-no-key-cert-sign.pem", theirs: "bad", refused: /./ },
  { file: "grpc/spiffe_multi_uri_san_cert.pem", theirs: "bad", refused: /2 URI names/ },
  { file: "grpc/e2e-ca.pem", theirs: "bad", refused: /0 URI names/ },
  { file: "grpc/e2e-intermediate_ca.pem", theirs: "bad", refused: /0 URI names/ },
  {
    file: "grpc/spiffe_cert.pem",
    theirs: "good",
    refused: /authority/,
    differs: "a certificate that signed itself as an authority is no leaf",
  },
  ...[
    "client_spiffe",
    "server1_spiffe",
    "e2e-client_spiffe",
    "e2e-server_spiffe",
    "e2e-leaf_and_intermediate_chain",
    "e2e-leaf_signed_by_intermediate",
  ].map((name) => ({
    file: `grpc/${name}.pem`,
    theirs: "good" as const,
    refused: /digitalSignature/,
    differs: STRICTER_LEAF,
  })),
];

function judgeBundle(file: string): string | undefined {
  const content = parseTrustBundle(readFileSync(new URL(file, FOLDER), "utf8"));
  return content.ok ? undefined : content.error;
}

/** Leaf rules, and that the second certificate of a file, if it has one, may sign the first. */
function judgeLeaf(file: string): string | undefined {
  const certificates = readPemCertificates(readFileSync(new URL(file, FOLDER), "utf8"));
  if (!certificates.ok) return certificates.error;
  const [leaf, issuer] = certificates.value;
  assert.ok(leaf !== undefined);
  const uri = checkSvid(leaf);
  if (!uri.ok) return uri.error;
  if (issuer === undefined) return undefined;
  const question = { leaf, trustDomain: "example.org", anchors: [issuer], intermediates: [] };
  const path = verifyPath({ ...question, nowMs: leaf.validFromMs + 1_000 });
  return path.ok ? undefined : path.error;
}

function expectations(cases: readonly Expectation[], judge: (file: string) => string | undefined): void {
  for (const { file, theirs, refused, differs } of cases) {
    const word = refused === undefined ? "takes" : "refuses";
    it(`${word} ${file}${differs === undefined ? "" : ` (they differ: ${differs})`}`, () => {
      const problem = judge(file);
      if (refused === undefined) assert.equal(problem, undefined);
      else assert.match(problem ?? "", refused);
      assert.equal((theirs === "good") === (problem === undefined), differs === undefined);
    });
  }
}

describe("trust bundles of other projects", () => expectations(BUNDLES, judgeBundle));

describe("certificates of other projects", () => expectations(LEAVES, judgeLeaf));

describe("the corpora", () => {
  it("are all asked about, and 36 of 49 agree", () => {
    const all = [...BUNDLES, ...LEAVES];
    const files = ["go-spiffe", "grpc"].flatMap((folder) =>
      readdirSync(new URL(folder, FOLDER)).map((name) => `${folder}/${name}`),
    );
    assert.deepEqual(all.map(({ file }) => file).sort(), files.sort());
    const agreed = all.filter(({ differs }) => differs === undefined).length;
    assert.deepEqual([agreed, all.length], [36, 49]);
  });
});
