import type { Message } from "../policy/messages.ts";
import type { IpSet } from "./ip-set.ts";
import { ipSetType } from "./ip-set-definition.ts";

/** The messages about IP sets, in the three places of a flush where they are sent. */
export type IpSetMessages = {
  readonly updates: Message[];
  readonly deltas: Message[];
  readonly removes: Message[];
};

/** The messages for what happened to these sets since they were last published; marks them as published. */
export function ipSetMessages(touched: Iterable<IpSet>, incomplete: boolean): IpSetMessages {
  const messages: IpSetMessages = { updates: [], deltas: [], removes: [] };
  for (const set of touched) {
    const { id } = set.definition;
    if (set.holders === 0) {
      if (set.members.isPublished) messages.removes.push({ kind: "ipset_remove", id });
    } else if (set.members.isPublished) {
      const { added, removed } = set.members.takeDelta();
      if (added.size === 0 && removed.size === 0) continue;
      messages.deltas.push({
        kind: "ipset_delta_update",
        id,
        addedMembers: [...added],
        removedMembers: [...removed],
      });
    } else {
      set.members.publish();
      messages.updates.push(ipSetUpdate(set, incomplete));
    }
  }
  return messages;
}

/** A set in full. */
export function ipSetUpdate(set: IpSet, incomplete: boolean): Message & { readonly kind: "ipset_update" } {
  return {
    kind: "ipset_update",
    id: set.definition.id,
    type: ipSetType(set.definition),
    members: [...set.members.texts()],
    incomplete,
  };
}
