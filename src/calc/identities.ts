import type { Labels, Message } from "../policy/messages.ts";
import { changedNames } from "./labels.ts";
import { identityLabels, type ProfileIdentity, profileIdentity } from "./profile-definition.ts";
import type { ProfileNode } from "./profile-node.ts";

/** The messages about service accounts and namespaces, in the order they are sent. */
export type IdentityMessages = {
  readonly serviceAccountRemoves: Message[];
  readonly serviceAccountUpdates: Message[];
  readonly namespaceRemoves: Message[];
  readonly namespaceUpdates: Message[];
};

/** The messages for those of the profiles that stand for a namespace or service account whose labels changed. */
export function identityMessages(changed: Iterable<ProfileNode>): IdentityMessages {
  const messages: IdentityMessages = {
    serviceAccountRemoves: [],
    serviceAccountUpdates: [],
    namespaceRemoves: [],
    namespaceUpdates: [],
  };
  for (const node of changed) {
    const identity = profileIdentity(node.name);
    if (identity === undefined) continue;
    const labels = node.definition && identityLabels(identity, node.definition.labels);
    if (labels === undefined && node.identityLabels !== undefined) {
      const isNamespace = identity.kind === "namespace";
      (isNamespace ? messages.namespaceRemoves : messages.serviceAccountRemoves).push(
        removeMessage(identity),
      );
    }
    if (labels !== undefined && !sameLabels(labels, node.identityLabels)) {
      const isNamespace = identity.kind === "namespace";
      (isNamespace ? messages.namespaceUpdates : messages.serviceAccountUpdates).push(
        updateMessage(identity, labels),
      );
    }
    node.identityLabels = labels;
  }
  return messages;
}

/** The update message for a profile's namespace or service account as last published, if there is one. */
export function publishedIdentity(node: ProfileNode): Message | undefined {
  const identity = profileIdentity(node.name);
  if (identity === undefined || node.identityLabels === undefined) return undefined;
  return updateMessage(identity, node.identityLabels);
}

function updateMessage(identity: ProfileIdentity, labels: Labels): Message {
  const { name } = identity;
  return identity.kind === "namespace"
    ? { kind: "namespace_update", name, labels }
    : { kind: "service_account_update", namespace: identity.namespace, name, labels };
}

function removeMessage(identity: ProfileIdentity): Message {
  const { name } = identity;
  return identity.kind === "namespace"
    ? { kind: "namespace_remove", name }
    : { kind: "service_account_remove", namespace: identity.namespace, name };
}

function sameLabels(labels: Labels, published: Labels | undefined): boolean {
  return published !== undefined && changedNames(published, labels).size === 0;
}
