import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DecisionIds } from "../../src/authz/decision-id.ts";
import { CheckResponseEncoder, DECISION_HEADER } from "../../src/authz/encode-check-response.ts";
import { DENIAL_BODY_MAX_BYTES } from "../../src/base/limits.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import { decodeCheckResponse } from "../support/check-requests.ts";

const ID = "0123456789abcdef";

const ALLOW: Verdict = {
  allowed: true,
  code: 0,
  decider: { kind: "rule", tier: "default", policy: "NetworkPolicy shop/api", ruleIndex: 0 },
  revision: 7,
};

function denial(more: Partial<Verdict & { allowed: false }> = {}): Verdict {
  return {
    allowed: false,
    reason: "rule",
    code: 7,
    decider: { kind: "rule", tier: "security", policy: "GlobalNetworkPolicy block-é", ruleIndex: 3 },
    revision: 4_294_967_296,
    ...more,
  };
}

describe("CheckResponseEncoder", () => {
  it("answers an allow with code 0 and an OK response, never with no bytes at all", () => {
    const bytes = new CheckResponseEncoder("no").encode(ALLOW, ID, "v3");
    assert.ok(bytes.length > 0);
    assert.deepEqual(decodeCheckResponse(bytes), { status: { code: 0 }, ok_response: {} });
  });

  it("answers a denial with its code, 403, the decision id, the body and metadata", () => {
    const response = decodeCheckResponse(new CheckResponseEncoder("go away").encode(denial(), ID, "v3"));
    assert.equal(response.status?.code, 7);
    assert.equal(response.ok_response, undefined);
    assert.deepEqual(response.denied_response, {
      status: { code: "Forbidden" },
      headers: [{ header: { key: DECISION_HEADER, value: ID } }],
      body: "go away",
    });
    assert.deepEqual(response.dynamic_metadata?.fields, {
      decision_id: { stringValue: ID },
      reason: { stringValue: "rule" },
      revision: { numberValue: 4_294_967_296 },
      tier: { stringValue: "security" },
      policy: { stringValue: "GlobalNetworkPolicy block-é" },
      rule_index: { numberValue: 3 },
    });
  });

  it("answers what is missing authentication with 401", () => {
    const verdict = denial({ code: 16, reason: "identity_unverified" });
    const response = decodeCheckResponse(new CheckResponseEncoder("").encode(verdict, ID, "v3"));
    assert.deepEqual([response.status?.code, response.denied_response?.status?.code], [16, "Unauthorized"]);
  });

  it("answers every other code with 403", () => {
    for (const code of [3, 7, 13]) {
      const response = decodeCheckResponse(new CheckResponseEncoder("").encode(denial({ code }), ID, "v3"));
      assert.deepEqual([response.status?.code, response.denied_response?.status?.code], [code, "Forbidden"]);
    }
  });

  it("tells the client nothing about policy", () => {
    const bytes = new CheckResponseEncoder("").encode(denial(), ID, "v3");
    const client = JSON.stringify([
      decodeCheckResponse(bytes).denied_response,
      decodeCheckResponse(bytes).status,
    ]);
    for (const secret of ["block", "security", "rule", "revision"])
      assert.ok(!client.includes(secret), secret);
  });

  it("names in the metadata only what decided", () => {
    const encoder = new CheckResponseEncoder("");
    const fields = (verdict: Verdict) =>
      Object.keys(decodeCheckResponse(encoder.encode(verdict, ID, "v3")).dynamic_metadata?.fields ?? {});
    assert.deepEqual(fields(denial({ reason: "tier_default", decider: { kind: "tier", tier: "t" } })), [
      "decision_id",
      "reason",
      "revision",
      "tier",
    ]);
    assert.deepEqual(fields(denial({ reason: "internal", decider: { kind: "none" } })), [
      "decision_id",
      "reason",
      "revision",
    ]);
  });

  it("v2: the same answer without metadata, which v2 does not have", () => {
    const response = decodeCheckResponse(new CheckResponseEncoder("no").encode(denial(), ID, "v2"), "v2");
    assert.deepEqual(response, {
      status: { code: 7 },
      denied_response: {
        status: { code: "Forbidden" },
        headers: [{ header: { key: DECISION_HEADER, value: ID } }],
        body: "no",
      },
    });
  });

  it("gives each denial of one verdict its own id, in bytes of its own", () => {
    const encoder = new CheckResponseEncoder("");
    const verdict = denial();
    const first = encoder.encode(verdict, ID, "v3");
    const second = encoder.encode(verdict, "fedcba9876543210", "v3");
    const idOf = (bytes: Buffer) => decodeCheckResponse(bytes).denied_response?.headers?.[0]?.header?.value;
    assert.deepEqual([idOf(first), idOf(second)], [ID, "fedcba9876543210"]);
  });

  it("keeps a body and names that look like structure as they are", () => {
    const body = `\0\xff${ID}`.repeat(10);
    const decider = { kind: "rule", tier: ID, policy: `\xff`.repeat(16), ruleIndex: 0 } as const;
    const response = decodeCheckResponse(
      new CheckResponseEncoder(body).encode(denial({ decider }), ID, "v3"),
    );
    assert.equal(response.denied_response?.body, body);
    assert.equal(response.dynamic_metadata?.fields?.policy?.stringValue, decider.policy);
  });

  it("refuses a body above its limit", () => {
    assert.doesNotThrow(() => new CheckResponseEncoder("x".repeat(DENIAL_BODY_MAX_BYTES)));
    assert.throws(() => new CheckResponseEncoder("é".repeat(DENIAL_BODY_MAX_BYTES / 2 + 1)));
  });
});

describe("DecisionIds", () => {
  it("are 16 hexadecimal digits and do not repeat", () => {
    const ids = new DecisionIds();
    const made = Array.from({ length: 100_000 }, () => ids.next());
    assert.equal(new Set(made).size, made.length);
    assert.ok(made.every((id) => /^[0-9a-f]{16}$/.test(id)));
  });

  it("do not tell their order", () => {
    const ids = new DecisionIds();
    const made = Array.from({ length: 1_000 }, () => ids.next());
    const ascending = made.filter((id, i) => i > 0 && id > (made[i - 1] ?? "")).length;
    assert.ok(ascending > 300 && ascending < 700, `${ascending} of 999 ascend`);
  });

  it("differ between processes", () => assert.notEqual(new DecisionIds().next(), new DecisionIds().next()));
});
