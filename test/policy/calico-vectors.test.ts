import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { parseAddress } from "../../src/net/address.ts";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { explain } from "../../src/policy/explain.ts";
import { Flow, PROTOCOL_TCP, PROTOCOL_UDP } from "../../src/policy/flow.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { decode, IN_SYNC } from "./make.ts";

type Address = {
  readonly socket_address?: {
    readonly address?: string;
    readonly port_value?: number;
    readonly protocol?: string;
  };
};
type Peer = { readonly address?: Address; readonly principal?: string };
type Check = {
  readonly verdict: string;
  readonly code: number;
  readonly attributes: {
    readonly source: Peer;
    readonly destination: Peer;
    readonly request?: { readonly http?: { readonly method?: string; readonly path?: string } };
  };
};
type Vector = {
  readonly id: string;
  readonly steps: readonly { readonly messages: readonly object[]; readonly checks: readonly Check[] }[];
};

const DIRECTORY = new URL("../vectors/calico/", import.meta.url);

const identities = new Map<string, PeerIdentity>();

/** Any trust domain, as calico semantics takes it. */
function readPrincipal(principal: string): PeerIdentity {
  if (principal === "") return NO_IDENTITY;
  const known = identities.get(principal);
  if (known !== undefined) return known;
  const match = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal);
  const identity: PeerIdentity =
    match === null
      ? { kind: "foreign", id: principal, otherTrustDomain: false, why: "it is not a service account" }
      : { kind: "service-account", id: principal, namespace: match[1] ?? "", name: match[2] ?? "" };
  identities.set(principal, identity);
  return identity;
}

function toFlow({ attributes: { source, destination, request } }: Check): Flow {
  const flow = new Flow();
  const from = parseAddress(source.address?.socket_address?.address ?? "");
  const to = parseAddress(destination.address?.socket_address?.address ?? "");
  flow.sourceFamily = from?.family ?? 0;
  [flow.source0, flow.source1, flow.source2, flow.source3] = [
    from?.w0 ?? 0,
    from?.w1 ?? 0,
    from?.w2 ?? 0,
    from?.w3 ?? 0,
  ];
  flow.destinationFamily = to?.family ?? 0;
  [flow.destination0, flow.destination1, flow.destination2, flow.destination3] = [
    to?.w0 ?? 0,
    to?.w1 ?? 0,
    to?.w2 ?? 0,
    to?.w3 ?? 0,
  ];
  flow.sourcePort = source.address?.socket_address?.port_value ?? -1;
  flow.destinationPort = destination.address?.socket_address?.port_value ?? -1;
  const isUdp = destination.address?.socket_address?.protocol === "UDP";
  flow.protocol = isUdp ? PROTOCOL_UDP : PROTOCOL_TCP;
  flow.peer = readPrincipal(source.principal ?? "");
  flow.destinationPeer = readPrincipal(destination.principal ?? "");
  flow.hasHttp = request?.http !== undefined;
  flow.method = request?.http?.method ?? "";
  flow.path = Buffer.from(request?.http?.path ?? "", "utf8").toString("latin1");
  return flow;
}

function readVectors(file: string): readonly Vector[] {
  return JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8")) as Vector[];
}

const files = readdirSync(DIRECTORY).filter((file) => file.endsWith(".json"));

/** Every check of a file with the snapshots it is put to: calico, and strict in two of its ways. */
function judgeFile(
  file: string,
  judge: (check: Check, name: string, flow: Flow, builders: Judged) => void,
): number {
  let count = 0;
  for (const { id, steps } of readVectors(file)) {
    const calico = new SnapshotBuilder({ ...DEFAULT_POLICY_OPTIONS, semantics: "calico" });
    const strict = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    for (const [revision, { messages, checks }] of steps.entries()) {
      const decoded = messages.map(decode);
      assert.deepEqual(calico.apply([...decoded, IN_SYNC]), [], id);
      strict.apply([...decoded, IN_SYNC]);
      const judged = { calico: calico.build(revision), strict: strict.build(revision) };
      for (const check of checks) {
        judge(check, `${id}, step ${revision + 1}`, toFlow(check), judged);
        count++;
      }
    }
  }
  return count;
}

/** The endpoint's own identity as a check would claim it. */
function ownIdentity({ destination }: Judged["strict"]): PeerIdentity {
  if (destination?.kind !== "account") return NO_IDENTITY;
  const { namespace = "", name = "default" } = destination;
  return readPrincipal(`spiffe://cluster.local/ns/${namespace}/sa/${name}`);
}

type Judged = {
  readonly calico: ReturnType<SnapshotBuilder["build"]>;
  readonly strict: ReturnType<SnapshotBuilder["build"]>;
};

describe("recorded verdicts", () => {
  let count = 0;
  for (const file of files) {
    it(`${file}: calico agrees in verdict and code, strict is never laxer`, () => {
      count += judgeFile(file, (check, name, flow, { calico, strict }) => {
        const verdict = evaluateSnapshot(calico, flow);
        const found = { verdict: verdict.allowed ? "allow" : "deny", code: verdict.code };
        assert.deepEqual(
          found,
          { verdict: check.verdict, code: check.code },
          `${name}: ${JSON.stringify(check.attributes)}`,
        );
        // The destination is who the endpoint is; calico believes the check, so let the check be right.
        const own = Object.assign(new Flow(), flow, { destinationPeer: ownIdentity(strict) });
        const strictAllows = evaluateSnapshot(strict, own).allowed;
        const calicoVerdict = evaluateSnapshot(calico, own);
        const isMalformed = !calicoVerdict.allowed && calicoVerdict.reason === "bad_request";
        const isLaxer = strictAllows && !calicoVerdict.allowed && !isMalformed;
        assert.ok(!isLaxer, `${name}: strict allows what calico denies`);
      });
    });
  }

  it("are all there", () => assert.equal(count, 7190));

  it("are explained as they are judged", () => {
    judgeFile("examples.json", (_, name, flow, { calico, strict }) => {
      assert.deepEqual(explain(calico, flow).verdict, evaluateSnapshot(calico, flow), name);
      assert.deepEqual(explain(strict, flow).verdict, evaluateSnapshot(strict, flow), name);
    });
  });
});
