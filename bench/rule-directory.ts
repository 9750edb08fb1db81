/** The rules of `policies.ts` as an operator writes them: a policy directory for one pod. */
import { join } from "node:path";
import type { Message, Rule } from "../src/policy/messages.ts";
import type { Document } from "./cluster.ts";
import { save, temporaryDirectory } from "./directories.ts";
import { createMessages } from "./policies.ts";

export const RULES_WORKLOAD = "shop/api";

/** A directory with so many rules for RULES_WORKLOAD; only the last of them matches a request for WANTED_PATH, and allows it. */
export function createRuleDirectory(ruleCount: number): string {
  const path = temporaryDirectory();
  const messages = createMessages(ruleCount, "last");
  save(join(path, "cluster.yaml"), [...API_POD, SECURITY_TIER]);
  save(join(path, "sets.yaml"), messages.flatMap(networkSet));
  save(join(path, "policies.yaml"), [...messages.flatMap(networkPolicy), DENY_OTHERS]);
  return path;
}

const CALICO = { apiVersion: "projectcalico.org/v3" };

/** RULES_WORKLOAD and its namespace. */
export const API_POD: readonly Document[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "api", namespace: "shop", labels: { app: "api" } },
    spec: { nodeName: "node", serviceAccountName: "api", containers: [] },
    status: { phase: "Running", podIPs: [{ ip: "10.9.9.9" }] },
  },
];

const SECURITY_TIER: Document = {
  ...CALICO,
  kind: "Tier",
  metadata: { name: "security" },
  spec: { order: 100, defaultAction: "Pass" },
};

/** Has no rules: where the few others are all in tier `security`, which passes, this one has tier `default` deny. */
const DENY_OTHERS: Document = {
  ...CALICO,
  kind: "NetworkPolicy",
  metadata: { name: "deny-others", namespace: "shop" },
  spec: { order: 1_000_000, selector: "app == 'api'", types: ["Ingress"], ingress: [] },
};

function networkSet(message: Message): Document[] {
  if (message.kind !== "ipset_update") return [];
  const name = setName(message.id);
  const metadata = { name, namespace: "shop", labels: { set: name } };
  return [{ ...CALICO, kind: "NetworkSet", metadata, spec: { nets: message.members } }];
}

function networkPolicy(message: Message): Document[] {
  if (message.kind !== "active_policy_update") return [];
  const { tier, inboundRules } = message.policy;
  const { name } = message.id;
  const spec = {
    tier,
    order: Number(name.split("-")[1]),
    selector: "app == 'api'",
    types: ["Ingress"],
    ingress: inboundRules.map(ingressRule),
  };
  return [{ ...CALICO, kind: "NetworkPolicy", metadata: { name, namespace: "shop" }, spec }];
}

const ACTIONS = { allow: "Allow", deny: "Deny", "next-tier": "Pass", log: "Log" };

function ingressRule({ action, source, destination, http }: Rule): object {
  const [set] = source.ipSetIds;
  const names = source.serviceAccountMatch?.names;
  const ports = destination.ports.map(({ first, last }) => (first === last ? first : `${first}:${last}`));
  // A rule that asks for service accounts looks for the pods that have them, and so among no network set.
  const from =
    names !== undefined ? { serviceAccounts: { names } } : set && { selector: `set == '${setName(set)}'` };
  return {
    action: ACTIONS[action as keyof typeof ACTIONS],
    protocol: "TCP",
    source: { ...from, ...(source.nets.length > 0 ? { nets: source.nets } : {}) },
    ...(ports.length > 0 ? { destination: { ports } } : {}),
    ...(http === undefined ? {} : { http: { methods: http.methods, paths: http.paths } }),
  };
}

function setName(id: string): string {
  return id.replace("s:", "");
}
