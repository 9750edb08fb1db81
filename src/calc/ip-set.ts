import { ALL } from "../selector/selector.ts";
import type { IpSetDefinition } from "./ip-set-definition.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { MemberCounts } from "./member-counts.ts";

/** One IP set in use. Made and dropped by IpSets. */
export class IpSet {
  readonly definition: IpSetDefinition;
  /** For a service, whose members no selector chooses, never asked. */
  readonly matcher: Matcher;
  readonly members: MemberCounts = new MemberCounts();
  /** Policies and profiles whose rules name it. At 0 it goes at the end of the flush. */
  holders = 0;

  constructor(definition: IpSetDefinition) {
    this.definition = definition;
    this.matcher = createMatcher(definition.kind === "service" ? ALL : definition.selector);
  }
}
