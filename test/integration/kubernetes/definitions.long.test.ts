/** What an API server with Calico's limits lets through is read, and what it refuses never gets to be read. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { Issue } from "../../../src/base/issue.ts";
import { KubernetesDatastore } from "../../../src/datastore/kubernetes/kubernetes-datastore.ts";
import type { Resource } from "../../../src/datastore/resources.ts";
import { ApiRefusal, type ControlPlane } from "../../control-plane/control-plane.ts";
import { RecordedListener } from "../../support/recorded-listener.ts";
import { CALICO, create, nodeToken, pathOf, startCluster } from "./cluster.ts";

const TIMEOUT_MS = 60_000;

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const allow = (rest: object): object => ({ ingress: [{ action: "Allow", ...rest }] });
const source = (fields: object): object => allow({ source: fields });
const http = (fields: object): object => allow({ protocol: "TCP", http: fields });
const selector = (chars: number): string => `a == '${"x".repeat(chars - 7)}'`;

/** Both sides of each limit: the spec of a policy that is refused with a word, and one that is read. */
const LIMITS: readonly (readonly [what: string, refused: object, word: RegExp, passed: object])[] = [
  ["a selector", { selector: selector(1_025) }, /spec\.selector.*1024/, { selector: selector(1_024) }],
  [
    "a peer's selector",
    source({ selector: selector(1_025) }),
    /selector.*1024/,
    source({ selector: selector(1_024) }),
  ],
  [
    "rules",
    { egress: times(1_025, () => ({ action: "Deny" })) },
    /egress.*1024/,
    { egress: times(1_024, () => ({ action: "Deny" })) },
  ],
  ["nets", source({ nets: times(257, net) }), /nets.*256/, source({ nets: times(256, net) })],
  ["notNets", source({ notNets: times(257, net) }), /notNets.*256/, source({ notNets: times(256, net) })],
  ["ports", ports(51), /ports.*50/, ports(50)],
  ["methods", http({ methods: times(21, method) }), /methods.*20/, http({ methods: times(20, method) })],
  ["paths", http({ paths: times(21, path) }), /paths.*20/, http({ paths: times(20, path) })],
  [
    "a path's length",
    http({ paths: [{ exact: `/${"x".repeat(1_024)}` }] }),
    /exact.*1024/,
    http({ paths: [{ exact: `/${"x".repeat(1_023)}` }] }),
  ],
  [
    "a word for an action",
    { ingress: [{ action: "allow" }] },
    /action.*supported values/,
    { ingress: [{ action: "Pass" }] },
  ],
  ["a rule's action", { ingress: [{}] }, /action.*[Rr]equired/, { ingress: [{ action: "Log" }] }],
  [
    "http of a denial",
    { ingress: [{ action: "Deny", http: {} }] },
    /http goes with action Allow only/,
    allow({ http: {} }),
  ],
  [
    "http of UDP",
    allow({ protocol: "UDP", http: {} }),
    /http goes with protocol TCP only/,
    allow({ protocol: 6, http: {} }),
  ],
  ["types", { types: ["Ingress", "Ingress"] }, /types/, { types: ["Egress", "Ingress"] }],
  ["an IP version", allow({ ipVersion: 5 }), /ipVersion/, allow({ ipVersion: 6 })],
  ["an order", { order: "high" }, /spec\.order/, { order: 0.5 }],
  ["a selector's type", { selector: ["a"] }, /spec\.selector/, { selector: "has(a)" }],
];

function net(index: number): string {
  return `10.${index >> 8}.${index & 255}.0/24`;
}
function method(index: number): string {
  return `M${index}`;
}
function path(index: number): object {
  return { prefix: `/${index}` };
}
function ports(count: number): object {
  return allow({ protocol: "TCP", destination: { ports: times(count, (index) => 1_000 + index * 2) } });
}

describe("a policy on an API server with Calico's limits", () => {
  let plane: ControlPlane;
  let datastore: KubernetesDatastore;
  const listener = new RecordedListener();

  before(async () => {
    plane = await startCluster();
    await create(plane, "v1", "Namespace", { name: "shop" });
    const token = await nodeToken(plane);
    datastore = new KubernetesDatastore(systemClock, {
      access: plane.access(() => token),
      random: Math.random,
    });
    await datastore.start(listener);
  });

  after(async () => {
    await datastore?.close();
    await plane?.stop();
  });

  const write = (name: string, spec: object): Promise<void> =>
    create(plane, CALICO, "NetworkPolicy", { name, namespace: "shop" }, { spec });
  const read = (name: string): Resource | undefined => listener.inForce.get(`NetworkPolicy shop/${name}`);

  /** Leaving out what a server that has just started can't read yet. */
  const objectErrors = (): readonly Issue[] =>
    listener.issues.filter(({ severity, code }) => severity === "error" && code !== "unreadable");

  for (const [index, [what, refused, word, passed]] of LIMITS.entries()) {
    it(`has a limit that the server keeps, and is read at its edge: ${what}`, async () => {
      await assert.rejects(write(`no-${index}`, refused), (error: unknown) => {
        assert.ok(error instanceof ApiRefusal);
        assert.equal(error.status, 422, error.message);
        assert.match(error.message, word);
        return true;
      });
      await write(`yes-${index}`, passed);
      await listener.until("it is read", () => read(`yes-${index}`) !== undefined, TIMEOUT_MS);
      assert.equal(read(`no-${index}`), undefined);
      assert.deepEqual(objectErrors(), []);
    });
  }

  it("loses a misspelt field on its way, unless its author asks for strict validation", async () => {
    const spec = allow({ source: { serviceAcounts: { names: ["web"] } } });
    const body = {
      apiVersion: CALICO,
      kind: "NetworkPolicy",
      metadata: { name: "typo", namespace: "shop" },
      spec,
    };
    const url = pathOf(CALICO, "NetworkPolicy", "shop");
    await assert.rejects(
      plane.request("POST", `${url}?fieldValidation=Strict`, body),
      /400: .*serviceAcounts/,
    );
    await plane.request("POST", url, body);
    await listener.until("it is read", () => read("typo") !== undefined, TIMEOUT_MS);
    const stored = (await plane.request("GET", `${url}/typo`))["spec"];
    assert.deepEqual(stored, { tier: "default", ingress: [{ action: "Allow", source: {} }] });
  });

  it("with what no schema can know is refused by us alone, and denies", async () => {
    await write("half", allow({ source: { nets: ["10.0.0.0/33"] } }));
    await listener.until("it is told", () => objectErrors().length > 0, TIMEOUT_MS);
    assert.match(
      objectErrors()
        .map(({ where, code }) => `${where} ${code}`)
        .join(),
      /NetworkPolicy shop\/half .*bad_cidr/,
    );
    await listener.until("its placeholder is in force", () => read("half") !== undefined, TIMEOUT_MS);
  });
});
