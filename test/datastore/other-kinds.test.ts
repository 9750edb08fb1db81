import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, formatCidr } from "../../src/net/address.ts";
import { findings, messages, object, type Plain, valid } from "./objects.ts";

const V3 = "projectcalico.org/v3";
const v3 = (kind: string, metadata: Plain, spec?: unknown): Plain => object(V3, kind, metadata, { spec });

type Case = {
  readonly name: string;
  readonly value: Plain;
  readonly want?: readonly string[];
  readonly warns?: readonly string[];
};

function check(cases: readonly Case[]): void {
  for (const { name, value, want = [], warns = [] } of cases) {
    it(`${want.length > 0 ? "refuses" : warns.length > 0 ? "warns of" : "accepts"}: ${name}`, () => {
      assert.deepEqual(findings(value), want);
      assert.deepEqual(findings(value, "warning"), warns);
    });
  }
}

describe("a tier", () => {
  const tier = (spec: unknown, name = "security"): Plain => v3("Tier", { name }, spec);
  check([
    { name: "nothing said", value: tier({}) },
    { name: "order and default action", value: tier({ order: 10.5, defaultAction: "Pass" }) },
    { name: "an order as text", value: tier({ order: "10" }), want: ["bad_value spec.order"] },
    {
      name: "a default action in lower case",
      value: tier({ defaultAction: "pass" }),
      want: ["bad_value spec.defaultAction"],
    },
    {
      name: "a default action that is none",
      value: tier({ defaultAction: "Allow" }),
      want: ["bad_value spec.defaultAction"],
    },
    { name: "an unknown key", value: tier({ priority: 1 }), want: ["unknown_key spec.priority"] },
    { name: "the order that `default` has anyway", value: tier({ order: 1_000_000 }, "default") },
    {
      name: "another order of `default`",
      value: tier({ order: 10 }, "default"),
      want: ["conflict spec.order"],
    },
    {
      name: "another order of `kube-admin`",
      value: tier({ order: 1 }, "kube-admin"),
      want: ["conflict spec.order"],
    },
    {
      name: "another order of `kube-baseline`",
      value: tier({ order: 1 }, "kube-baseline"),
      want: ["conflict spec.order"],
    },
  ]);
  it("has order 1,000,000 and denies where it says nothing", () => {
    const read = valid("Tier", tier({}));
    assert.deepEqual([read.order, read.defaultAction], [1_000_000, "Deny"]);
  });
  it("has its own order where it is built in", () => {
    const read = valid("Tier", tier({}, "kube-admin"));
    assert.deepEqual([read.order, read.defaultAction], [1_000, "Pass"]);
  });
});

describe("a network set", () => {
  const set = (nets: unknown, labels: Plain = {}): Plain =>
    v3("NetworkSet", { name: "a", namespace: "b", labels }, { nets });
  const globalSet = (labels: Plain): Plain => v3("GlobalNetworkSet", { name: "a", labels }, { nets: [] });
  check([
    { name: "no nets", value: set([]) },
    { name: "CIDRs and addresses", value: set(["10.0.0.1/8", "10.0.0.1", "fd00::1", "::/0"]) },
    {
      name: "a CIDR that does not parse",
      value: set(["10.0.0.0/8", "10.0.0.0/33"]),
      want: ["bad_cidr spec.nets[1]"],
    },
    { name: "leading zeros", value: set(["010.0.0.1"]), want: ["bad_cidr spec.nets[0]"] },
    { name: "one text for the list", value: set("10.0.0.0/8"), want: ["bad_value spec.nets"] },
    {
      name: "the label of the namespace",
      value: set([], { "projectcalico.org/namespace": "b" }),
      want: ['reserved_label metadata.labels["projectcalico.org/namespace"]'],
    },
    {
      name: "the label of the namespace on a global set",
      value: globalSet({ "projectcalico.org/namespace": "b" }),
      want: ['reserved_label metadata.labels["projectcalico.org/namespace"]'],
    },
    ...["pcns.team", "pcsa.tier", "projectcalico.org/orchestrator", "projectcalico.org/serviceaccount"].map(
      (label) => ({
        name: `the label ${label}`,
        value: globalSet({ [label]: "x" }),
        warns: [
          label.includes("/") || label.includes(".") ? `reserved_label metadata.labels["${label}"]` : "",
        ],
      }),
    ),
    {
      name: "a label that only looks reserved",
      value: globalSet({ pcnsteam: "x", "projectcalico.org/name": "y" }),
    },
  ]);
  it("masks its nets", () => {
    assert.deepEqual(valid("NetworkSet", set(["10.1.2.3/8", "10.1.2.3", "fd00::1/8"])).nets.map(formatCidr), [
      "10.0.0.0/8",
      "10.1.2.3/32",
      "fd00::/8",
    ]);
  });
});

describe("a profile", () => {
  const profile = (spec: unknown): Plain => v3("Profile", { name: "kns.shop" }, spec);
  check([
    {
      name: "rules and labels",
      value: profile({
        ingress: [{ action: "Allow" }],
        egress: [{ action: "Pass" }],
        labelsToApply: { "pcns.team": "x", "a/b": "" },
      }),
    },
    {
      name: "a label's name that can't be one",
      value: profile({ labelsToApply: { "-a": "x" } }),
      want: ["bad_name spec.labelsToApply.-a"].map((text) => text.replace(".-a", '["-a"]')),
    },
    {
      name: "a label's value that can't be one",
      value: profile({ labelsToApply: { a: "x y" } }),
      want: ["bad_value spec.labelsToApply.a"],
    },
    {
      name: "a broken rule",
      value: profile({ ingress: [{ action: "Maybe" }] }),
      want: ["bad_value spec.ingress[0].action"],
    },
    {
      name: "http in egress",
      value: profile({ egress: [{ action: "Allow", http: {} }] }),
      want: ["conflict spec.egress[0].http"],
    },
    { name: "an unknown key", value: profile({ labels: {} }), want: ["unknown_key spec.labels"] },
  ]);
});

describe("a workload endpoint", () => {
  const endpoint = (spec: Plain): Plain =>
    v3("WorkloadEndpoint", { name: "node--1-k8s-a-eth0", namespace: "b" }, spec);
  const full = {
    orchestrator: "k8s",
    node: "node-1",
    pod: "a",
    workload: "w",
    endpoint: "eth0",
    serviceAccountName: "web",
    ipNetworks: ["10.1.0.9/32", "fd00::9/64"],
    profiles: ["kns.b", "ksa.b.web"],
    interfaceName: "cali0",
    ports: [
      { name: "http", protocol: "TCP", port: 8080 },
      { name: "dns", port: 53, hostPort: 53 },
    ],
    mac: "00:00:00:00:00:00",
    ipNATs: [],
  };
  check([
    { name: "all fields", value: endpoint(full) },
    {
      name: "an unknown key",
      value: endpoint({ serviceAccount: "x" }),
      want: ["unknown_key spec.serviceAccount"],
    },
    {
      name: "an address that does not parse",
      value: endpoint({ ipNetworks: ["10.1.0"] }),
      want: ["bad_cidr spec.ipNetworks[0]"],
    },
    {
      name: "port 0",
      value: endpoint({ ports: [{ name: "http", port: 0 }] }),
      want: ["bad_port spec.ports[0].port"],
    },
    {
      name: "a port without a name",
      value: endpoint({ ports: [{ port: 1 }] }),
      want: ["missing_field spec.ports[0].name"],
    },
    {
      name: "an unknown protocol",
      value: endpoint({ ports: [{ name: "a", port: 1, protocol: "HTTP" }] }),
      want: ["bad_protocol spec.ports[0].protocol"],
    },
  ]);
  it("keeps addresses and drops their prefix lengths", () => {
    const read = valid("WorkloadEndpoint", endpoint(full));
    assert.deepEqual(read.addresses.map(formatAddress), ["10.1.0.9", "fd00::9"]);
    assert.deepEqual(read.ports, [
      { name: "http", protocol: "TCP", port: 8080 },
      { name: "dns", protocol: "", port: 53 },
    ]);
  });
});

describe("a host endpoint", () => {
  const host = (spec: Plain, labels: Plain = {}): Plain => v3("HostEndpoint", { name: "a", labels }, spec);
  check([
    { name: "an interface", value: host({ node: "n", interfaceName: "eth0", profiles: ["p"] }) },
    {
      name: "addresses",
      value: host({ node: "n", expectedIPs: ["10.0.0.1"], ports: [{ name: "a", protocol: 132, port: 1 }] }),
    },
    { name: "neither", value: host({ node: "n" }), want: ["missing_field spec"] },
    {
      name: "an address that is none",
      value: host({ expectedIPs: ["eth0"] }),
      want: ["bad_cidr spec.expectedIPs[0]"],
    },
    {
      name: "reserved labels",
      value: host({ interfaceName: "*" }, { "projectcalico.org/namespace": "x", "pcns.a": "b" }),
      warns: [
        'reserved_label metadata.labels["projectcalico.org/namespace"]',
        'reserved_label metadata.labels["pcns.a"]',
      ],
    },
  ]);
});

describe("a pod", () => {
  const pod = (spec: Plain, status?: Plain, metadata: Plain = {}): Plain =>
    object("v1", "Pod", { name: "a", namespace: "b", ...metadata }, { spec, status });
  const annotated = (annotations: Plain, rest: Plain = {}): Plain => pod({}, {}, { annotations, ...rest });
  check([
    {
      name: "what a cluster prints, with fields that are not read",
      value: pod(
        {
          nodeName: "n",
          volumes: [],
          containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, name: "http" }] }],
        },
        { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], conditions: [] },
      ),
    },
    {
      name: "fields without values",
      value: pod({ nodeName: null, containers: null, hostNetwork: null }, { podIPs: null }),
    },
    {
      name: "no spec",
      value: object("v1", "Pod", { name: "a", namespace: "b" }),
      want: ["missing_field spec"],
    },
    {
      name: "an address that does not parse",
      value: pod({}, { podIPs: [{ ip: "10.0.0" }] }),
      want: ["bad_cidr status.podIPs[0].ip"],
    },
    {
      name: "an annotated address that does not parse",
      value: annotated({ "cni.projectcalico.org/podIP": "x" }),
      want: ['bad_cidr metadata.annotations["cni.projectcalico.org/podIP"]'],
    },
    {
      name: "a port out of range",
      value: pod({ containers: [{ ports: [{ containerPort: 70_000, name: "a" }] }] }),
      want: ["bad_value spec.containers[0].ports[0].containerPort"],
    },
    {
      name: "a protocol that pods don't have",
      value: pod({ containers: [{ ports: [{ containerPort: 1, name: "a", protocol: "ICMP" }] }] }),
      want: ["bad_value spec.containers[0].ports[0].protocol"],
    },
    {
      name: "hostNetwork as text",
      value: pod({ hostNetwork: "true" }),
      want: ["bad_value spec.hostNetwork"],
    },
  ]);

  const addresses: readonly {
    readonly name: string;
    readonly value: Plain;
    readonly want: readonly string[];
  }[] = [
    {
      name: "status.podIPs before all else",
      value: pod({}, { podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }], podIP: "10.0.0.2" }),
      want: ["10.0.0.1", "fd00::1"],
    },
    {
      name: "status.podIP",
      value: pod(
        {},
        { podIPs: [], podIP: "10.0.0.2" },
        { annotations: { "cni.projectcalico.org/podIPs": "10.0.0.3/32" } },
      ),
      want: ["10.0.0.2"],
    },
    {
      name: "annotation podIPs",
      value: annotated({
        "cni.projectcalico.org/podIPs": "10.0.0.3/32,fd00::3/128",
        "cni.projectcalico.org/podIP": "10.0.0.4/32",
      }),
      want: ["10.0.0.3", "fd00::3"],
    },
    {
      name: "annotation podIP",
      value: annotated({
        "cni.projectcalico.org/podIP": "10.0.0.4/32",
        "vpc.amazonaws.com/pod-ips": "10.0.0.5",
      }),
      want: ["10.0.0.4"],
    },
    {
      name: "the annotation of AWS",
      value: annotated({ "vpc.amazonaws.com/pod-ips": "10.0.0.5, 10.0.0.6" }),
      want: ["10.0.0.5", "10.0.0.6"],
    },
    { name: "none yet", value: pod({}), want: [] },
  ];
  for (const { name, value, want } of addresses) {
    it(`has its addresses from ${name}`, () =>
      assert.deepEqual(valid("Pod", value).addresses.map(formatAddress), want));
  }

  const deletion = { deletionTimestamp: "2026-01-01T00:00:00Z" };
  const finished: readonly { readonly name: string; readonly value: Plain; readonly want: boolean }[] = [
    { name: "running", value: pod({}, { phase: "Running" }), want: false },
    ...["Failed", "Succeeded", "Completed"].map((phase) => ({
      name: phase,
      value: pod({}, { phase }),
      want: true,
    })),
    {
      name: "being deleted, its address still its own",
      value: annotated({ "cni.projectcalico.org/podIP": "10.0.0.1/32" }, deletion),
      want: false,
    },
    {
      name: "being deleted, its address taken away",
      value: annotated({ "cni.projectcalico.org/podIP": "" }, deletion),
      want: true,
    },
    {
      name: "being deleted, its address of AWS taken away",
      value: annotated({ "vpc.amazonaws.com/pod-ips": "" }, deletion),
      want: true,
    },
    { name: "being deleted, never annotated", value: annotated({}, deletion), want: false },
    {
      name: "not being deleted, without an address yet",
      value: annotated({ "cni.projectcalico.org/podIP": "" }),
      want: false,
    },
  ];
  for (const { name, value, want } of finished) {
    it(`is ${want ? "finished" : "not finished"}: ${name}`, () =>
      assert.equal(valid("Pod", value).finished, want));
  }

  it("has the service account that it names, in the new field or the old one, else `default`", () => {
    const names = [{ serviceAccountName: "a", serviceAccount: "b" }, { serviceAccount: "b" }, {}].map(
      (spec) => valid("Pod", pod(spec)).serviceAccountName,
    );
    assert.deepEqual(names, ["a", "b", "default"]);
  });
  it("has the named ports of containers, then of init containers", () => {
    const ports = (name: string, port: number): Plain => ({
      ports: [
        { name, containerPort: port },
        { containerPort: 1 },
        { name: "none" },
        { name: "zero", containerPort: 0 },
      ],
    });
    const value = pod({
      initContainers: [ports("c", 3)],
      containers: [ports("a", 1), { ports: [{ name: "b", containerPort: 2, protocol: "UDP" }] }],
    });
    assert.deepEqual(valid("Pod", value).ports, [
      { name: "a", protocol: "TCP", port: 1 },
      { name: "b", protocol: "UDP", port: 2 },
      { name: "c", protocol: "TCP", port: 3 },
    ]);
  });
});

describe("an endpoint slice", () => {
  const slice = (rest: Plain, labels: Plain = { "kubernetes.io/service-name": "web" }): Plain =>
    object("discovery.k8s.io/v1", "EndpointSlice", { name: "web-x", namespace: "b", labels }, rest);
  it("has every address and every port with a number, ready or not", () => {
    const read = valid(
      "EndpointSlice",
      slice({
        addressType: "IPv4",
        endpoints: [
          { addresses: ["10.0.0.1"], conditions: { ready: false } },
          { addresses: ["10.0.0.2", "10.0.0.3"] },
        ],
        ports: [{ name: "a", port: 80 }, { port: 53, protocol: "UDP" }, { name: "all" }, { port: null }],
      }),
    );
    assert.equal(read.serviceName, "web");
    assert.deepEqual(read.addresses.map(formatAddress), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    assert.deepEqual(read.ports, [
      { protocol: "TCP", port: 80 },
      { protocol: "UDP", port: 53 },
    ]);
  });
  it("has no addresses where it holds names", () => {
    assert.deepEqual(
      valid("EndpointSlice", slice({ addressType: "FQDN", endpoints: [{ addresses: ["example.com"] }] }))
        .addresses,
      [],
    );
  });
  it("belongs to no service without the label", () =>
    assert.equal(valid("EndpointSlice", slice({}, {})).serviceName, ""));
  check([
    {
      name: "an address that is none",
      value: slice({ addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1", "x"] }] }),
      want: ["bad_cidr endpoints[0].addresses[1]"],
    },
    {
      name: "a protocol that slices don't have",
      value: slice({ ports: [{ port: 1, protocol: "ICMP" }] }),
      want: ["bad_value ports[0].protocol"],
    },
  ]);
});

describe("a namespace and a service account", () => {
  it("are their names and labels", () => {
    const namespace = valid(
      "Namespace",
      object(
        "v1",
        "Namespace",
        { name: "shop", labels: { team: "x" } },
        { spec: { finalizers: [] }, status: {} },
      ),
    );
    assert.deepEqual(
      [namespace.metadata.name, namespace.metadata.namespace, namespace.metadata.labels.get("team")],
      ["shop", "", "x"],
    );
    const account = valid(
      "ServiceAccount",
      object("v1", "ServiceAccount", { name: "web", namespace: "shop" }, { secrets: null }),
    );
    assert.equal(account.metadata.name, "web");
  });
  it("have labels that are text", () => {
    assert.deepEqual(findings(object("v1", "Namespace", { name: "shop", labels: { team: 1 } })), [
      "bad_value metadata.labels.team",
    ]);
  });
  it("are told in words what is missing", () => {
    assert.deepEqual(messages(object("v1", "ServiceAccount", { name: "web" })), [
      "missing: the namespace of the ServiceAccount",
    ]);
  });
});
