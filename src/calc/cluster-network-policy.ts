import type {
  ClusterNetworkPolicy,
  ClusterPeer,
  ClusterPort,
  ClusterRule,
  EntityRule,
  PolicyAction,
  PolicyRule,
} from "../datastore/resources.ts";
import { ANY_ENTITY, type PolicyRules, plainRule } from "./plain-rule.ts";
import { pods } from "./policy-selector.ts";
import { groupPorts, type ProtocolPort } from "./port-groups.ts";

const ACTIONS: Readonly<Record<ClusterRule["action"], PolicyAction>> = {
  Accept: "Allow",
  Deny: "Deny",
  Pass: "Pass",
};

/** The annotation that carries a rule's name. */
const RULE_NAME_ANNOTATION = "name";

/** The rules of a ClusterNetworkPolicy in Calico's shape: one for each protocol and peer. */
export function clusterPolicyRules(policy: ClusterNetworkPolicy): PolicyRules {
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

/**
 * A rule without a peer can't mean anything: it must not widen to every peer. Where it would have allowed it is
 * dropped, where it would have refused or passed on it refuses all.
 */
function convertRule(
  rule: ClusterRule,
  sides: (peer: EntityRule, ports: EntityRule["ports"]) => Sides,
): PolicyRule[] {
  const annotations =
    rule.name === "" ? new Map<string, string>() : new Map([[RULE_NAME_ANNOTATION, rule.name]]);
  if (rule.peers.length === 0) {
    return rule.action === "Accept" ? [] : [{ ...plainRule("Deny"), annotations }];
  }
  return groupPorts(rule.protocols.map(protocolPort)).flatMap(({ protocol, ports }) =>
    rule.peers.map((peer) => ({
      ...plainRule(ACTIONS[rule.action]),
      annotations,
      protocol,
      ...sides(peerEntity(peer), ports),
    })),
  );
}

/** A named port is of any protocol. */
function protocolPort(port: ClusterPort): ProtocolPort {
  return "name" in port ? { protocol: undefined, port } : port;
}

function peerEntity(peer: ClusterPeer): EntityRule {
  switch (peer.kind) {
    case "namespaces":
      return { ...ANY_ENTITY, namespaceSelector: peer.namespaceSelector };
    case "pods":
      return {
        ...ANY_ENTITY,
        selector: pods(peer.podSelector),
        namespaceSelector: peer.namespaceSelector,
      };
    case "networks":
      return { ...ANY_ENTITY, nets: peer.nets };
  }
}
