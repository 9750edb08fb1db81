import type {
  EntityRule,
  KubernetesNetworkPolicy,
  KubernetesPeer,
  KubernetesPort,
  KubernetesRule,
  PolicyRule,
} from "../datastore/resources.ts";
import { ALL } from "../selector/selector.ts";
import { ANY_ENTITY, type PolicyRules, plainRule } from "./plain-rule.ts";
import { pods } from "./policy-selector.ts";
import { groupPorts } from "./port-groups.ts";

/** The rules of a Kubernetes NetworkPolicy in Calico's shape: one Allow for each protocol and peer. */
export function kubernetesPolicyRules(policy: KubernetesNetworkPolicy): PolicyRules {
  return {
    ingress: policy.ingress.flatMap((rule) =>
      convertRule(rule, (peer, ports) => ({ source: peer, destination: { ...ANY_ENTITY, ports } })),
    ),
    egress: policy.egress.flatMap((rule) =>
      convertRule(rule, (peer, ports) => ({ source: ANY_ENTITY, destination: { ...peer, ports } })),
    ),
  };
}

type Sides = Pick<PolicyRule, "source" | "destination">;

function convertRule(
  rule: KubernetesRule,
  sides: (peer: EntityRule, ports: EntityRule["ports"]) => Sides,
): PolicyRule[] {
  const peers = rule.peers.length === 0 ? [ANY_ENTITY] : rule.peers.map(peerEntity);
  return groupPorts(rule.ports.map(protocolPort)).flatMap(({ protocol, ports }) =>
    peers.map((peer) => ({ ...plainRule("Allow"), protocol, ...sides(peer, ports) })),
  );
}

function protocolPort(port: KubernetesPort): Parameters<typeof groupPorts>[0][number] {
  return { protocol: port.protocol, port: port.port };
}

function peerEntity(peer: KubernetesPeer): EntityRule {
  if (peer.kind === "block") return { ...ANY_ENTITY, nets: [peer.cidr], notNets: peer.except };
  return {
    ...ANY_ENTITY,
    selector: pods(peer.podSelector ?? ALL),
    namespaceSelector: peer.namespaceSelector,
  };
}
