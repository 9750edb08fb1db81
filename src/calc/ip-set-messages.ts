import type { Message } from "../policy/messages.ts";
import type { IpSet } from "./ip-set.ts";
import { ipSetType } from "./ip-set-definition.ts";
import type { SetDoubt } from "./unusable-objects.ts";

/** The messages about IP sets, in the three places of a flush where they are sent. */
export type IpSetMessages = {
  readonly updates: Message[];
  readonly deltas: Message[];
  readonly removes: Message[];
};

/**
 * The messages for what happened to these sets since they were last published; marks them as published.
 *
 * @param resend send published ones in full again, as their doubt changed.
 */
export function ipSetMessages(
  touched: Iterable<IpSet>,
  doubt: SetDoubt,
  { resend }: { readonly resend: boolean },
): IpSetMessages {
  const messages: IpSetMessages = { updates: [], deltas: [], removes: [] };
  for (const set of touched) {
    const { id } = set.definition;
    if (set.holders === 0) {
      if (set.members.isPublished) messages.removes.push({ kind: "ipset_remove", id });
    } else if (set.members.isPublished && !resend) {
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
      messages.updates.push(ipSetUpdate(set, doubt));
    }
  }
  return messages;
}

/** A set in full. One of which nothing is known goes out as of no type, which counts as missing. */
export function ipSetUpdate(set: IpSet, doubt: SetDoubt): Message & { readonly kind: "ipset_update" } {
  return {
    kind: "ipset_update",
    id: set.definition.id,
    type: doubt === "unknown" ? "unknown" : ipSetType(set.definition),
    members: doubt === "unknown" ? [] : [...set.members.texts()],
    incomplete: doubt !== "none",
  };
}
