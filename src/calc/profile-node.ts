import type { Labels, Profile } from "../policy/messages.ts";
import type { Item } from "./item.ts";
import type { ProfileDefinition } from "./profile-definition.ts";
import { RuleHolder } from "./rule-holder.ts";

const NO_LABELS: Labels = new Map();

/**
 * A profile by name, whether or not anybody has defined it: what inherits from it, what it is made of, and who lists
 * it. Created on first mention, dropped when nothing refers to it any more.
 */
export class ProfileNode {
  readonly name: string;
  /** Built in, or from the Namespace or ServiceAccount that it is made of; goes before `written`. */
  made: ProfileDefinition | undefined;
  /** From a Profile object of this name. */
  written: ProfileDefinition | undefined;
  /** As last processed; `undefined` while nobody defines it. */
  definition: ProfileDefinition | undefined;
  /** As last processed: what `children` are matched on. */
  labels: Labels = NO_LABELS;
  readonly children: Set<Item> = new Set();
  /** Local endpoints that list it, and what is published for them. */
  readonly rules: RuleHolder<Profile> = new RuleHolder();
  /** The labels last published for the namespace or service account of this name. */
  identityLabels: Labels | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get isUnused(): boolean {
    return (
      this.made === undefined &&
      this.written === undefined &&
      this.children.size === 0 &&
      this.rules.isUnused &&
      this.identityLabels === undefined
    );
  }
}
