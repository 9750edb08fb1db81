/**
 * The latest full membership of every IP set, and the messages that send one whole.
 */
import { SYNC_MEMBERS_PER_MESSAGE_MAX } from "../base/limits.ts";
import type { IpSetUpdate, Message } from "../policy/messages.ts";

type StoredSet = {
  readonly update: IpSetUpdate;
  readonly members: Set<string>;
  /** Made when first asked for, dropped when the members change: streams that join together share them. */
  whole: readonly Message[] | undefined;
};

export class SetStore {
  readonly #sets = new Map<string, StoredSet>();

  get size(): number {
    return this.#sets.size;
  }

  put(update: IpSetUpdate): void {
    this.#sets.set(update.id, { update, members: new Set(update.members), whole: undefined });
  }

  /** False where the set is not known: a delta must never precede its set. */
  change(id: string, added: readonly string[], removed: readonly string[]): boolean {
    const set = this.#sets.get(id);
    if (set === undefined) return false;
    for (const member of added) set.members.add(member);
    for (const member of removed) set.members.delete(member);
    set.whole = undefined;
    return true;
  }

  remove(id: string): void {
    this.#sets.delete(id);
  }

  /** One IPSetUpdate and, for a set over the limit, deltas with the rest. Undefined where the set is not known. */
  whole(id: string): readonly Message[] | undefined {
    const set = this.#sets.get(id);
    if (set === undefined) return undefined;
    set.whole ??= splitUpdate(set.update, [...set.members]);
    return set.whole;
  }
}

function splitUpdate(update: IpSetUpdate, members: readonly string[]): readonly Message[] {
  const messages: Message[] = [{ ...update, members: members.slice(0, SYNC_MEMBERS_PER_MESSAGE_MAX) }];
  for (let at = SYNC_MEMBERS_PER_MESSAGE_MAX; at < members.length; at += SYNC_MEMBERS_PER_MESSAGE_MAX) {
    messages.push(delta(update.id, members.slice(at, at + SYNC_MEMBERS_PER_MESSAGE_MAX), []));
  }
  return messages;
}

/** One delta in messages of at most the limit's members, additions and removals together. */
export function splitDelta(
  id: string,
  added: readonly string[],
  removed: readonly string[],
): readonly Message[] {
  if (added.length + removed.length <= SYNC_MEMBERS_PER_MESSAGE_MAX) return [delta(id, added, removed)];
  const messages: Message[] = [];
  for (let at = 0; at < added.length; at += SYNC_MEMBERS_PER_MESSAGE_MAX) {
    messages.push(delta(id, added.slice(at, at + SYNC_MEMBERS_PER_MESSAGE_MAX), []));
  }
  for (let at = 0; at < removed.length; at += SYNC_MEMBERS_PER_MESSAGE_MAX) {
    messages.push(delta(id, [], removed.slice(at, at + SYNC_MEMBERS_PER_MESSAGE_MAX)));
  }
  return messages;
}

function delta(id: string, addedMembers: readonly string[], removedMembers: readonly string[]): Message {
  return { kind: "ipset_delta_update", id, addedMembers, removedMembers };
}
