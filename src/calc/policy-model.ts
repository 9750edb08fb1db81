import type {
  CalicoPolicy,
  ClusterNetworkPolicy,
  KubernetesNetworkPolicy,
  StagedAction,
} from "../datastore/resources.ts";
import type { PolicyId } from "../policy/messages.ts";
import type { Selector } from "../selector/selector.ts";
import { clusterPolicyRules } from "./cluster-network-policy.ts";
import { kubernetesPolicyRules } from "./kubernetes-network-policy.ts";
import { tieBreak } from "./order.ts";
import type { PolicyRules } from "./plain-rule.ts";
import {
  clusterPolicySelector,
  globalPolicySelector,
  kubernetesPolicySelector,
  namespacedPolicySelector,
} from "./policy-selector.ts";

export type PolicyResource = CalicoPolicy | KubernetesNetworkPolicy | ClusterNetworkPolicy;

/** A policy of any kind as the calculation sees it. Immutable. */
export type PolicyModel = {
  readonly id: PolicyId;
  readonly tier: string;
  /** `undefined` is last. */
  readonly order: number | undefined;
  readonly tieBreak: string;
  /** The effective selector: what the author wrote, joined with where it may apply. */
  readonly selector: Selector;
  readonly appliesToIngress: boolean;
  readonly appliesToEgress: boolean;
  readonly performanceHints: readonly string[];
  /** False for what never takes part in a verdict about a workload: untracked, before DNAT, staged for deletion. */
  readonly isEligible: boolean;
  /** Not empty: the object can't be used, and this says why. */
  readonly unusable: string;
  /** The rules in Calico's shape; Kubernetes rules are converted here, only when the policy is in use. */
  readonly rules: () => PolicyRules;
};

const KUBERNETES_POLICY_ORDER = 1000;

export function policyModel(resource: PolicyResource): PolicyModel {
  switch (resource.kind) {
    case "NetworkPolicy":
    case "GlobalNetworkPolicy":
    case "StagedNetworkPolicy":
    case "StagedGlobalNetworkPolicy":
      return calicoModel(resource);
    case "KubernetesNetworkPolicy":
    case "StagedKubernetesNetworkPolicy":
      return kubernetesModel(resource);
    case "KubernetesClusterNetworkPolicy":
      return clusterModel(resource);
  }
}

function calicoModel(policy: CalicoPolicy): PolicyModel {
  const { spec } = policy;
  const id = policyId(policy);
  const isNamespaced = policy.kind === "NetworkPolicy" || policy.kind === "StagedNetworkPolicy";
  return {
    id,
    tier: spec.tier,
    order: spec.order,
    tieBreak: tieBreak(id),
    selector: isNamespaced ? namespacedPolicySelector(id.namespace, spec) : globalPolicySelector(spec),
    appliesToIngress: spec.appliesToIngress,
    appliesToEgress: spec.appliesToEgress,
    performanceHints: spec.performanceHints,
    isEligible: !spec.doNotTrack && !spec.preDnat && isEffective(policy.kind, spec.stagedAction),
    unusable: policy.unusable?.why ?? "",
    rules: () => spec,
  };
}

function kubernetesModel(policy: KubernetesNetworkPolicy): PolicyModel {
  const id = policyId(policy);
  return {
    id,
    tier: "default",
    order: KUBERNETES_POLICY_ORDER,
    tieBreak: tieBreak(id),
    selector: kubernetesPolicySelector(id.namespace, policy.podSelector),
    appliesToIngress: policy.appliesToIngress,
    appliesToEgress: policy.appliesToEgress,
    performanceHints: [],
    isEligible: isEffective(policy.kind, policy.stagedAction),
    unusable: policy.unusable?.why ?? "",
    rules: () => kubernetesPolicyRules(policy),
  };
}

function clusterModel(policy: ClusterNetworkPolicy): PolicyModel {
  const id = policyId(policy);
  return {
    id,
    tier: policy.tier === "Admin" ? "kube-admin" : "kube-baseline",
    order: policy.priority,
    tieBreak: tieBreak(id),
    selector: clusterPolicySelector(policy.subject),
    appliesToIngress: policy.ingress.length > 0,
    appliesToEgress: policy.egress.length > 0,
    performanceHints: [],
    isEligible: true,
    unusable: policy.unusable?.why ?? "",
    rules: () => clusterPolicyRules(policy),
  };
}

function policyId(resource: PolicyResource): PolicyId {
  return {
    name: resource.metadata.name,
    namespace: resource.metadata.namespace,
    kind: resource.kind,
  };
}

/** A staged policy that announces a deletion says nothing itself. */
function isEffective(kind: PolicyResource["kind"], stagedAction: StagedAction): boolean {
  return !(kind.startsWith("Staged") && stagedAction === "Delete");
}
