import type { Message, Policy, Profile } from "../policy/messages.ts";
import { formatSelector } from "../selector/format-selector.ts";
import { type ConvertedRules, convertRules, type RuleOwner } from "./convert-rules.ts";
import type { IpSets } from "./ip-sets.ts";
import type { PolicyRules } from "./plain-rule.ts";
import type { PolicyEntry } from "./policy-table.ts";
import { MISSING_PROFILE } from "./profile-definition.ts";
import type { ProfileNode } from "./profile-node.ts";
import type { RuleHolder } from "./rule-holder.ts";
import { isSameValue } from "./same-value.ts";
import type { CalcWork } from "./work.ts";

/** Turns policies and profiles that are in use into messages, and has their IP sets kept while they are. */
export class RulePublisher {
  readonly #sets: IpSets;
  readonly #work: CalcWork;

  constructor(sets: IpSets, work: CalcWork) {
    this.#sets = sets;
    this.#work = work;
  }

  /** The message for a policy's change since it was last published; `undefined` if there is none. */
  policy(entry: PolicyEntry): Message | undefined {
    const { model, rules } = entry;
    const id = model.id;
    if (rules.users === 0) {
      return this.#unpublish(rules) ? { kind: "active_policy_remove", id } : undefined;
    }
    const policy = this.#publish(rules, () => {
      const owner = { key: entry.key, namespace: id.namespace, isUnusable: model.unusable !== "" };
      const { inboundRules, outboundRules } = this.#convert(rules, owner, model.rules());
      return {
        namespace: id.namespace,
        tier: model.tier,
        inboundRules,
        outboundRules,
        untracked: false,
        preDnat: false,
        originalSelector: formatSelector(model.selector),
        perfHints: model.performanceHints,
        unusable: model.unusable,
      } satisfies Policy;
    });
    return policy && { kind: "active_policy_update", id, policy };
  }

  /** The message for a profile's change since it was last published; `undefined` if there is none. */
  profile(node: ProfileNode): Message | undefined {
    const { name, rules } = node;
    if (rules.users === 0) {
      return this.#unpublish(rules) ? { kind: "active_profile_remove", name } : undefined;
    }
    const profile = this.#publish(rules, () => {
      const definition = node.definition ?? MISSING_PROFILE;
      const owner = { key: `Profile ${name}`, namespace: "", isUnusable: definition.unusable !== "" };
      const { inboundRules, outboundRules } = this.#convert(rules, owner, definition);
      return { inboundRules, outboundRules, unusable: definition.unusable } satisfies Profile;
    });
    return profile && { kind: "active_profile_update", name, profile };
  }

  /** The new message body, if there is one: an object that is converted to what it was causes no message. */
  #publish<M>(holder: RuleHolder<M>, make: () => M): M | undefined {
    if (!holder.stale && holder.published !== undefined) return undefined;
    const next = make();
    holder.stale = false;
    if (isSameValue(next, holder.published)) return undefined;
    holder.published = next;
    return next;
  }

  #convert(holder: RuleHolder<unknown>, owner: RuleOwner, rules: PolicyRules): ConvertedRules {
    const converted = convertRules(owner, rules);
    this.#work.rulesConverted += converted.inboundRules.length + converted.outboundRules.length;
    holder.sets = this.#sets.hold(holder.sets, converted.sets.values());
    return converted;
  }

  #unpublish(holder: RuleHolder<unknown>): boolean {
    if (holder.published === undefined) return false;
    holder.published = undefined;
    holder.stale = true;
    holder.sets = this.#sets.hold(holder.sets, []);
    return true;
  }
}
