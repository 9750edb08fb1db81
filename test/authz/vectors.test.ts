import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AuthzServer } from "../../src/authz/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { AuthzClient } from "../support/authz-client.ts";

type VectorCheck = { readonly verdict: "allow" | "deny"; readonly code: number; readonly attributes: object };
type VectorStep = { readonly messages: readonly object[]; readonly checks: readonly VectorCheck[] };
type VectorCase = { readonly id: string; readonly steps: readonly VectorStep[] };

const DIRECTORY = new URL("../vectors/calico/", import.meta.url);

/** What must be there: nobody may drop a file, or a part of one, unnoticed. */
const REQUESTS: Readonly<Record<string, number>> = {
  "examples.json": 1_470,
  "http-methods.json": 475,
  "http-paths.json": 475,
  "identity.json": 475,
  "ip-sets.json": 500,
  "mixed.json": 475,
  "namespaces.json": 475,
  "nets.json": 475,
  "ports.json": 475,
  "profiles.json": 475,
  "selectors.json": 475,
  "tiers.json": 475,
  "updates.json": 470,
};

describe("recorded verdicts, through the gRPC service under calico semantics", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-vectors-"));
  const store = new SnapshotStore();
  const identity = new PeerIdentityReader(systemClock, { trustDomains: "any", semantics: "calico" });
  const server = new AuthzServer(systemClock, store, identity, { onDecision() {} }, {});
  const client = new AuthzClient(`unix:${join(directory, "s")}`);
  let revision = 0;

  before(() => server.listen({ kind: "unix", path: join(directory, "s") }));
  after(async () => {
    client.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  async function run(vector: VectorCase): Promise<string[]> {
    const builder = new SnapshotBuilder({ ...DEFAULT_POLICY_OPTIONS, semantics: "calico" });
    const wrong: string[] = [];
    for (const [index, step] of vector.steps.entries()) {
      const payloads = index === 0 ? [...step.messages, { in_sync: {} }] : step.messages;
      const issues = builder.apply(
        payloads.map((payload) => {
          const message = decodeMessage(payload);
          assert.ok(message.ok, vector.id);
          return message.value;
        }),
      );
      assert.deepEqual(issues, [], vector.id);
      store.publish(builder.build(++revision));
      const answers = await Promise.all(step.checks.map(({ attributes }) => client.ask(attributes)));
      for (const [at, { status, denied_response }] of answers.entries()) {
        const { verdict, code } = step.checks[at] ?? { verdict: "none", code: -1 };
        const got = denied_response === undefined ? "allow" : "deny";
        if (got !== verdict || status?.code !== code) {
          wrong.push(
            `${vector.id} step ${index} check ${at}: ${got} ${status?.code}, not ${verdict} ${code}`,
          );
        }
      }
    }
    return wrong;
  }

  for (const [file, requestCount] of Object.entries(REQUESTS)) {
    it(`${file}: ${requestCount} requests agree in verdict and code`, async () => {
      const vectors: VectorCase[] = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8"));
      const checks = vectors.flatMap(({ steps }) => steps.flatMap((step) => step.checks));
      assert.equal(checks.length, requestCount);
      const wrong: string[] = [];
      for (const vector of vectors) wrong.push(...(await run(vector)));
      assert.deepEqual(wrong, []);
    });
  }
});
