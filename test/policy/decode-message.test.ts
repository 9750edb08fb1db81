import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeMessage, decodeMessageSteps } from "../../src/policy/decode-message.ts";
import { encodeMessage } from "../../src/policy/encode-message.ts";
import type { Message } from "../../src/policy/messages.ts";
import { change, messages } from "../support/generate-policy.ts";
import { runSettings } from "../support/runs.ts";
import { decode } from "./make.ts";

const rule = (fields: object): object => ({
  active_profile_update: { id: { name: "p" }, profile: { inbound_rules: [fields] } },
});

function decodeRule(fields: object) {
  const message = decode(rule(fields));
  assert.ok(message.kind === "active_profile_update");
  const [decoded] = message.profile.inboundRules;
  assert.ok(decoded !== undefined);
  return decoded;
}

/** Generated objects have no prototype, which a clone has; the wire has service sets for destinations only. */
function asOnTheWire(message: Message): Message {
  const clone = structuredClone(message);
  const rules =
    clone.kind === "active_policy_update"
      ? clone.policy.inboundRules
      : clone.kind === "active_profile_update"
        ? clone.profile.inboundRules
        : [];
  for (const { source } of rules) Object.assign(source, { ipPortSetIds: [] });
  return clone;
}

describe("decodeMessage()", () => {
  it("is the inverse of encodeMessage()", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          messages,
          change.map((message) => [message]),
        ),
        (given) => {
          for (const message of given) {
            const encoded = encodeMessage(message);
            const decoded = decodeMessage(encoded);
            assert.ok(decoded.ok);
            assert.deepEqual(decoded.value, asOnTheWire(message));
            assert.deepEqual(encodeMessage(decoded.value), encoded);
            assert.deepEqual(decodeMessage(JSON.parse(JSON.stringify(encoded))), decoded);
          }
        },
      ),
      runSettings(1 / 40),
    );
  });

  it("takes absent fields at their defaults", () => {
    assert.deepEqual(decode({ ipset_update: {} }), {
      kind: "ipset_update",
      id: "",
      type: "IP",
      members: [],
      incomplete: false,
    });
    const decoded = decodeRule({});
    assert.equal(decoded.action, "");
    assert.equal(decoded.ipVersion, undefined);
    assert.equal(decoded.protocol, undefined);
    assert.equal(decoded.http, undefined);
    assert.equal(decoded.source.serviceAccountMatch, undefined);
  });

  it("takes null as absent and passes over the names of oneofs, as proto-loader gives them", () => {
    const decoded = decodeRule({
      protocol: { number: 6, number_or_name: "number" },
      not_protocol: null,
      icmp_type: 8,
      icmp: "icmp_type",
      http_match: { methods: [], paths: [{ prefix: "/v1", path_match: "prefix" }] },
    });
    assert.deepEqual(decoded.protocol, { number: 6 });
    assert.equal(decoded.notProtocol, undefined);
    assert.deepEqual(decoded.icmp, { type: 8 });
    assert.deepEqual(decoded.http?.paths, [{ prefix: "/v1" }]);
    assert.deepEqual(decode({ in_sync: {}, payload: "in_sync", sequence_number: "0" }), { kind: "in_sync" });
  });

  it("keeps apart what is absent, empty and of a kind that is not known", () => {
    assert.equal(decodeRule({ protocol: {} }).protocol, "empty");
    assert.deepEqual(decodeRule({ protocol: { name: "" } }).protocol, { name: "" });
    assert.equal(decodeRule({ ip_version: "ANY" }).ipVersion, undefined);
    assert.equal(decodeRule({ ip_version: "IPV6" }).ipVersion, 6);
    assert.equal(decodeRule({ ip_version: 5 }).ipVersion, 5);
    assert.deepEqual(decodeRule({ http_match: {} }).http, { methods: [], paths: [] });
    assert.deepEqual(decodeRule({ http_match: { paths: [{}] } }).http?.paths, [{ exact: "" }]);
    assert.deepEqual(decodeRule({ icmp_type_code: { type: 3 } }).icmp, { type: 3, code: 0 });
    const unknown = decode({ ipset_update: { id: "x", type: 9 } });
    assert.ok(unknown.kind === "ipset_update");
    assert.equal(unknown.type, "unknown");
  });

  it("takes an update without an endpoint for its removal", () => {
    const id = { orchestrator_id: "k8s", workload_id: "shop/api-0", endpoint_id: "eth0" };
    assert.equal(
      decode({ workload_endpoint_update: { id, endpoint: null } }).kind,
      "workload_endpoint_remove",
    );
  });

  it("reads a label named __proto__ like any other", () => {
    const payload = JSON.parse('{"namespace_update": {"id": {"name": "a"}, "labels": {"__proto__": "x"}}}');
    const message = decode(payload);
    assert.ok(message.kind === "namespace_update");
    assert.equal(message.labels.get("__proto__"), "x");
  });

  const refused: readonly { readonly name: string; readonly payload: unknown; readonly where: string }[] = [
    { name: "no object", payload: "in_sync", where: "message" },
    { name: "null", payload: null, where: "message" },
    { name: "a list", payload: [], where: "message" },
    { name: "no payload", payload: {}, where: "message" },
    { name: "an unknown payload", payload: { route_update: {} }, where: "message" },
    { name: "two payloads", payload: { in_sync: {}, ipset_remove: { id: "a" } }, where: "ipset_remove" },
    { name: "a payload that is no object", payload: { in_sync: true }, where: "in_sync" },
    { name: "an id that is no text", payload: { ipset_remove: { id: 7 } }, where: "ipset_remove.id" },
    {
      name: "a member that is no text",
      payload: { ipset_update: { members: ["10.0.0.1", 7] } },
      where: "ipset_update.members[1]",
    },
    {
      name: "members that are no list",
      payload: { ipset_update: { members: "10.0.0.1" } },
      where: "ipset_update.members",
    },
    {
      name: "a policy without id",
      payload: { active_policy_update: { policy: {} } },
      where: "active_policy_update.id",
    },
    {
      name: "a policy update without policy",
      payload: { active_policy_update: { id: { name: "a" } } },
      where: "active_policy_update.policy",
    },
    {
      name: "a field of a rule that is not known",
      payload: rule({ src_country: "x" }),
      where: "active_profile_update.profile.inbound_rules[0].src_country",
    },
    {
      name: "a fractional port",
      payload: rule({ dst_ports: [{ first: 1.5, last: 2 }] }),
      where: "active_profile_update.profile.inbound_rules[0].dst_ports[0].first",
    },
    {
      name: "a protocol with name and number",
      payload: rule({ protocol: { name: "tcp", number: 6 } }),
      where: "active_profile_update.profile.inbound_rules[0].protocol.name",
    },
    {
      name: "an IP version by an unknown name",
      payload: rule({ ip_version: "IPV5" }),
      where: "active_profile_update.profile.inbound_rules[0].ip_version",
    },
    {
      name: "a path both exact and prefix",
      payload: rule({ http_match: { paths: [{ exact: "/a", prefix: "/b" }] } }),
      where: "active_profile_update.profile.inbound_rules[0].http_match.paths[0].prefix",
    },
    {
      name: "a label that is no text",
      payload: { namespace_update: { id: { name: "a" }, labels: { x: 1 } } },
      where: "namespace_update.labels.x",
    },
    {
      name: "a flag that is no boolean",
      payload: { ipset_update: { incomplete: "false" } },
      where: "ipset_update.incomplete",
    },
  ];
  for (const { name, payload, where } of refused) {
    it(`refuses ${name}`, () => {
      const decoded = decodeMessage(payload);
      assert.ok(!decoded.ok);
      assert.equal(decoded.error.code, "bad_message");
      assert.equal(decoded.error.severity, "error");
      assert.equal(decoded.error.where, where);
    });
  }

  it("never throws, whatever the payload", () => {
    const keys = [
      "ipset_update",
      "active_policy_update",
      "workload_endpoint_update",
      "id",
      "policy",
      "tiers",
      "members",
    ];
    const anything = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.anything({ maxDepth: 1 }),
        fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(anything, (payload) => typeof decodeMessage(payload).ok === "boolean"),
      runSettings(1 / 10),
    );
  });
});

describe("decodeMessageSteps()", () => {
  const longUpdates = (rules: readonly object[]): readonly object[] => [
    { active_policy_update: { id: { name: "p" }, policy: { inbound_rules: rules, outbound_rules: rules } } },
    {
      active_profile_update: { id: { name: "p" }, profile: { inbound_rules: rules, outbound_rules: rules } },
    },
  ];
  const rulesWith = (last: object, count = 100): readonly object[] => [
    ...Array.from({ length: count - 1 }, (_, index) => ({ action: "allow", rule_id: `r${index}` })),
    last,
  ];

  it("stops again and again among the rules of a long policy or profile, and gives them all, in order", () => {
    for (const payload of longUpdates(rulesWith({ action: "deny", rule_id: "last" }))) {
      const steps = decodeMessageSteps(payload);
      let stops = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) stops++;
      // 32 rules a step, of each direction: 96 and the last 4.
      assert.equal(stops, 6);
      assert.ok(step.value.ok);
      assert.deepEqual(encodeMessage(step.value.value), payload);
    }
  });

  it("does not stop where a step takes all rules", () => {
    for (const payload of longUpdates(rulesWith({ action: "deny" }, 32))) {
      assert.equal(decodeMessageSteps(payload).next().done, true);
    }
    assert.equal(decodeMessageSteps({ in_sync: {} }).next().done, true);
  });

  it("refuses a rule that a later step comes to, and says where it is", () => {
    for (const [bad, message] of [
      [{ action: 7 }, /must be text/],
      [{ action: "allow", condition: "new" }, /is not a known field/],
    ] as const) {
      for (const payload of longUpdates(rulesWith(bad))) {
        const refused = decodeMessage(payload);
        assert.ok(!refused.ok);
        assert.match(refused.error.where, /inbound_rules\[99\]\.(action|condition)$/);
        assert.match(refused.error.message, message);
      }
    }
  });

  it("refuses an unknown field beside the rules", () => {
    const rules = rulesWith({ action: "deny" });
    const policy = { inbound_rules: rules, condition: "new" };
    const refused = decodeMessage({ active_policy_update: { id: { name: "p" }, policy } });
    assert.ok(!refused.ok);
    assert.equal(refused.error.where, "active_policy_update.policy.condition");
  });
});
