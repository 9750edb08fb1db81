/** One valid object of each kind that `get`, `apply` and `delete` know, with most of its fields. */
import { object, type Plain } from "./objects.ts";

const V3 = "projectcalico.org/v3";
const RULE = {
  action: "Allow",
  protocol: "TCP",
  source: { serviceAccounts: { names: ["web"] } },
  http: { methods: ["GET"], paths: [{ prefix: "/v1" }] },
};

export const ONE_OF_EACH: readonly Plain[] = [
  object(V3, "Tier", { name: "security" }, { spec: { order: 100, defaultAction: "Pass" } }),
  object(
    V3,
    "NetworkPolicy",
    { name: "api", namespace: "shop", labels: { team: "a" }, annotations: { "example.com/on": "yes" } },
    {
      spec: { order: 10, selector: "app == 'api'", types: ["Ingress"], ingress: [RULE, { action: "Deny" }] },
    },
  ),
  object(
    V3,
    "GlobalNetworkPolicy",
    { name: "block" },
    { spec: { tier: "security", order: 1.5, types: ["Ingress"], ingress: [{ action: "Pass" }] } },
  ),
  object(
    V3,
    "StagedNetworkPolicy",
    { name: "api", namespace: "shop" },
    { spec: { stagedAction: "Set", types: ["Ingress"], ingress: [RULE] } },
  ),
  object(
    V3,
    "StagedGlobalNetworkPolicy",
    { name: "block" },
    { spec: { tier: "security", types: ["Egress"], egress: [{ action: "Deny" }] } },
  ),
  object(
    V3,
    "StagedKubernetesNetworkPolicy",
    { name: "lock", namespace: "shop" },
    { spec: { stagedAction: "Set", podSelector: { matchLabels: { app: "api" } }, policyTypes: ["Ingress"] } },
  ),
  object(V3, "NetworkSet", { name: "carriers", namespace: "shop" }, { spec: { nets: ["198.51.100.0/25"] } }),
  object(
    V3,
    "GlobalNetworkSet",
    { name: "office", labels: { kind: "office" } },
    { spec: { nets: ["2001:db8::/32"] } },
  ),
  object(
    V3,
    "Profile",
    { name: "extra" },
    { spec: { labelsToApply: { zone: "1" }, ingress: [{ action: "Deny" }] } },
  ),
  object(
    V3,
    "HostEndpoint",
    { name: "gateway" },
    { spec: { node: "node-1", interfaceName: "eth0", expectedIPs: ["10.0.0.1"] } },
  ),
  object(
    V3,
    "WorkloadEndpoint",
    { name: "node--1-k8s-api--0-eth0", namespace: "shop" },
    {
      spec: {
        node: "node-1",
        orchestrator: "k8s",
        pod: "api-0",
        endpoint: "eth0",
        ipNetworks: ["10.1.0.9/32"],
      },
    },
  ),
];
