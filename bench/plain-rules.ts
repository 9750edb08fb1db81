/** Rules that Ephor and Envoy's own RBAC filter can both hold: allow a method below a path from a network. */
import { join } from "node:path";
import type { Json } from "../src/cli/demo/envoy-config.ts";
import { save, temporaryDirectory } from "./directories.ts";
import { WANTED_PATH } from "./policies.ts";
import { API_POD } from "./rule-directory.ts";

const TYPE = "type.googleapis.com/envoy";

export type PlainRule = { readonly method: string; readonly prefix: string; readonly net: string };

/** Only the last of them allows a GET below WANTED_PATH, and that from this machine. */
export function createPlainRules(count: number): readonly PlainRule[] {
  const others = Array.from({ length: count - 1 }, (_, index) => ({
    method: index % 2 === 0 ? "GET" : "POST",
    prefix: `/v1/resource-${index}`,
    net: index % 4 === 0 ? "127.0.0.0/8" : `172.16.${index % 256}.0/24`,
  }));
  return [...others, { method: "GET", prefix: WANTED_PATH, net: "127.0.0.0/8" }];
}

/** As one policy of a directory, for RULES_WORKLOAD. */
export function plainRuleDirectory(rules: readonly PlainRule[]): string {
  const path = temporaryDirectory();
  const ingress = rules.map(({ method, prefix, net }) => ({
    action: "Allow",
    protocol: "TCP",
    source: { nets: [net] },
    http: { methods: [method], paths: [{ prefix }] },
  }));
  const policy = {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: "plain", namespace: "shop" },
    spec: { selector: "app == 'api'", types: ["Ingress"], ingress },
  };
  save(join(path, "policy.yaml"), [...API_POD, policy]);
  return path;
}

/** As a configuration of Envoy's RBAC filter, one of its policies for each rule. */
export function rbacFilter(rules: readonly PlainRule[]): Json {
  const policies = rules.map(({ method, prefix, net }, index) => {
    const [address = "", bits] = net.split("/");
    const permissions = [
      { header: { name: ":method", string_match: { exact: method } } },
      { url_path: { path: { prefix } } },
    ];
    const principals = [{ direct_remote_ip: { address_prefix: address, prefix_len: Number(bits) } }];
    // They are asked in the order of their names.
    const name = String(index).padStart(5, "0");
    return [name, { permissions: [{ and_rules: { rules: permissions } }], principals }] as const;
  });
  return {
    name: "envoy.filters.http.rbac",
    typed_config: {
      "@type": `${TYPE}.extensions.filters.http.rbac.v3.RBAC`,
      rules: { action: "ALLOW", policies: Object.fromEntries(policies) },
    },
  };
}
