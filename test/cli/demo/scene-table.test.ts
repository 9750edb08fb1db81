import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EDITS } from "../../../src/cli/demo/policy-edits.ts";
import { differences, writeScene } from "../../../src/cli/demo/scene-table.ts";
import { type Expectation, type Scene, TOPICS } from "../../../src/cli/demo/scenes.ts";
import type { Observation } from "../../../src/cli/demo/stage.ts";

const http = (status: number): Observation["answer"] => ({
  kind: "http",
  status,
  headers: new Map(),
  body: "",
});
const decided = (status: number, rule: string, reason: string): Observation => ({
  answer: http(status),
  decision: { rule, reason, revision: 1 },
  details: "",
});

describe("differences()", () => {
  const allow: Expectation = { answer: 200, rule: "a" };
  const deny: Expectation = { answer: 403, rule: "a", reason: "tier_default" };
  const byEnvoy: Expectation = { answer: "refused", byEnvoy: "no client certificate" };
  const refused: Observation = {
    answer: { kind: "refused", why: "alert" },
    decision: undefined,
    details: "alert",
  };

  it("finds nothing where all is as expected", () => {
    assert.deepEqual(differences(allow, decided(200, "a", "")), []);
    assert.deepEqual(differences(deny, decided(403, "a", "tier_default")), []);
    assert.deepEqual(differences(byEnvoy, refused), []);
  });

  const wrong: readonly { name: string; expect: Expectation; seen: Observation }[] = [
    { name: "another answer", expect: allow, seen: decided(403, "a", "") },
    { name: "another rule", expect: allow, seen: decided(200, "b", "") },
    { name: "another reason", expect: deny, seen: decided(403, "a", "rule") },
    {
      name: "an answer without a decision",
      expect: allow,
      seen: { ...decided(200, "a", ""), decision: undefined },
    },
    {
      name: "a decision where Envoy was to refuse",
      expect: byEnvoy,
      seen: { ...refused, decision: decided(403, "a", "").decision },
    },
    { name: "an answer where none was to come", expect: byEnvoy, seen: decided(200, "a", "") },
  ];
  for (const { name, expect, seen } of wrong) {
    it(`finds ${name}`, () => assert.notDeepEqual(differences(expect, seen), []));
  }
});

describe("writeScene()", () => {
  const scene: Scene = {
    caller: "web",
    to: "https",
    http: { method: "GET", path: "/x" },
    expect: { answer: 200, rule: "a" },
  };
  const write = (seen: Observation): { text: string; fine: boolean } => {
    let text = "";
    const fine = writeScene({ write: (part) => (text += part), paint: (_style, part) => part }, scene, seen);
    return { text, fine };
  };

  it("says who asked for what, the verdict and the rule", () => {
    const { text, fine } = write(decided(200, "a", ""));
    assert.ok(fine);
    assert.match(text, /^ok {2}shop\/web +GET \/x +allow 200 +a\n$/);
  });

  it("says what was expected instead", () => {
    const { text, fine } = write(decided(403, "tier t", "tier_default"));
    assert.ok(!fine);
    assert.match(
      text,
      /^BAD shop\/web .* deny 403 .*tier t: tier_default\n +answer: expected 200, got 403\n/,
    );
  });
});

describe("the demo's script", () => {
  const scenes = [...TOPICS.flatMap((topic) => topic.scenes), ...EDITS.map((edit) => edit.effect)];

  it("asks at least 20 questions, as many refused as allowed", () => {
    const allowed = scenes.filter(({ expect }) => expect.answer === 200 || expect.answer === "connected");
    assert.ok(scenes.length >= 20);
    assert.ok(scenes.length - allowed.length >= allowed.length);
  });

  it("shows HTTP/2, TCP, IPv6, plaintext and what Envoy refuses by itself", () => {
    assert.ok(scenes.some(({ http }) => http?.version === "h2"));
    assert.ok(scenes.some(({ http }) => http === undefined));
    assert.ok(scenes.some(({ caller }) => caller === "webIpv6"));
    assert.ok(scenes.some(({ to }) => to === "http"));
    assert.ok(scenes.some(({ expect }) => "byEnvoy" in expect));
  });
});
