/** The three laws of docs/semantics.md ("The law"), asked of the engine on random policies and requests. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { NO_IDENTITY } from "../../src/identity/peer-identity.ts";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import type { Message } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { firstMatch } from "../support/first-match.ts";
import { FOREIGN, KNOWN_PEERS, type Request, request, toFlow } from "../support/generate-flow.ts";
import { messages, options } from "../support/generate-policy.ts";
import { EMPTY_STATE, foldMessages } from "../support/reference-evaluator.ts";
import { runSettings } from "../support/runs.ts";

const strictOptions = options.map((each): PolicyOptions => ({ ...each, semantics: "strict" }));
const requests = fc.array(request, { minLength: 6, maxLength: 6 });

function build(given: readonly Message[], chosen: PolicyOptions): Snapshot {
  const builder = new SnapshotBuilder(chosen);
  builder.apply([...given, { kind: "in_sync" }]);
  return builder.build(1);
}

describe("exact where everything is known", () => {
  it("is the first match in Calico's order", () => {
    let known = 0;
    let all = 0;
    fc.assert(
      fc.property(messages, strictOptions, requests, (given, chosen, asked) => {
        const snapshot = build(given, chosen);
        const state = foldMessages(EMPTY_STATE, given);
        for (const each of asked) {
          all++;
          const expected = firstMatch(state, chosen, toFlow(each));
          if (expected === undefined) continue;
          known++;
          const verdict = evaluateSnapshot(snapshot, toFlow(each));
          assert.deepEqual({ allowed: verdict.allowed, decider: verdict.decider }, expected);
        }
      }),
      runSettings(1 / 24),
    );
    assert.ok(known * 5 > all, `only ${known} of ${all} cases had nothing unknown`);
  });
});

/** One way of knowing less about a request or the policy. */
type Loss = {
  readonly name: string;
  readonly applies?: (request: Request, options: PolicyOptions) => boolean;
  readonly request?: (request: Request) => Request;
  readonly messages?: (messages: readonly Message[]) => readonly Message[];
};

const isSet = (message: Message, id: string): boolean =>
  (message.kind === "ipset_update" || message.kind === "ipset_delta_update") && message.id === id;

const LOSSES: readonly Loss[] = [
  { name: "the HTTP part", request: (each) => ({ ...each, http: undefined, httpFollows: false }) },
  {
    name: "the identity, made foreign",
    applies: (each) => each.peer.kind === "service-account",
    request: (each) => ({ ...each, peer: FOREIGN }),
  },
  {
    name: "the identity altogether, where one is required",
    applies: (each, chosen) => each.peer.kind === "service-account" && chosen.requireIdentity,
    request: (each) => ({ ...each, peer: NO_IDENTITY }),
  },
  {
    name: "the path, made a target without a reading",
    applies: (each) => each.http !== undefined,
    request: (each) => ({ ...each, http: { method: each.http!.method, path: "*" } }),
  },
  {
    name: "the path, made malformed",
    applies: (each) => each.http !== undefined,
    request: (each) => ({ ...each, http: { method: each.http!.method, path: "/a%zz" } }),
  },
  { name: "the protocol", request: (each) => ({ ...each, protocol: 0 }) },
  { name: "the source address", request: (each) => ({ ...each, sourceAddress: undefined }) },
  { name: "the destination address", request: (each) => ({ ...each, destinationAddress: undefined }) },
  ...["s:a", "s:b", "n:a"].map(
    (id): Loss => ({
      name: `the set ${id}`,
      messages: (given) => given.filter((message) => !isSet(message, id)),
    }),
  ),
  {
    name: "the inventory behind the sets",
    messages: (given) =>
      given.map((message) => (message.kind === "ipset_update" ? { ...message, incomplete: true } : message)),
  },
  {
    name: "the namespaces' labels",
    messages: (given) => given.filter((message) => message.kind !== "namespace_update"),
  },
  {
    name: "the service accounts' labels",
    messages: (given) => given.filter((message) => message.kind !== "service_account_update"),
  },
  {
    name: "what a policy says",
    messages: (given) =>
      given.map((message) =>
        message.kind === "active_policy_update" && message.id.name === "api"
          ? { ...message, policy: { ...message.policy, unusable: "lost" } }
          : message,
      ),
  },
  {
    name: "a policy",
    messages: (given) =>
      given.filter((message) => message.kind !== "active_policy_update" || message.id.name !== "block"),
  },
  {
    name: "a profile",
    messages: (given) =>
      given.filter((message) => message.kind !== "active_profile_update" || message.name !== "extra"),
  },
];

describe("monotone", () => {
  for (const loss of LOSSES) {
    it(`to lose ${loss.name} turns no denial into an allow`, () => {
      let asked = 0;
      fc.assert(
        fc.property(messages, strictOptions, requests, (given, chosen, several) => {
          const before = build(given, chosen);
          const after = build(loss.messages?.(given) ?? given, chosen);
          for (const whole of several) {
            // The announcement of further checks is one of the two declared exceptions.
            const each: Request = { ...whole, httpFollows: false };
            if (loss.applies?.(each, chosen) === false) continue;
            asked++;
            const less = loss.request?.(each) ?? each;
            const allowedAfter = evaluateSnapshot(after, toFlow(less)).allowed;
            assert.ok(!allowedAfter || evaluateSnapshot(before, toFlow(each)).allowed, JSON.stringify(less));
          }
        }),
        runSettings(1 / 60),
      );
      assert.ok(asked > 0);
    });
  }
});

describe("never laxer than calico", () => {
  // The destination is who the endpoint is; `calico` believes the check, so let the check be right.
  const own = KNOWN_PEERS.find(
    (peer) => peer.kind === "service-account" && peer.id.endsWith("/ns/prod/sa/api"),
  )!;

  it("denies in strict semantics what calico semantics denies", () => {
    fc.assert(
      fc.property(
        messages,
        options,
        fc.constantFrom("any", "reference"),
        requests,
        (given, chosen, profile, several) => {
          const shared = { ...chosen, pathProfile: profile } as PolicyOptions;
          const strict = build(given, { ...shared, semantics: "strict" });
          const calico = build(given, { ...shared, semantics: "calico" });
          for (const each of several) {
            const flow = toFlow({ ...each, destinationPeer: own, httpFollows: false });
            const theirs = evaluateSnapshot(calico, flow);
            // A target without a leading slash ends a calico check wherever a rule has paths; it is no policy's denial.
            if (theirs.allowed || theirs.reason === "bad_request") continue;
            assert.ok(!evaluateSnapshot(strict, flow).allowed, JSON.stringify(each));
          }
        },
      ),
      runSettings(1 / 12),
    );
  });
});
