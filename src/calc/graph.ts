import { unreachable } from "../base/assert.ts";
import { compareUtf8 } from "../base/compare-utf8.ts";
import type { Issue } from "../base/issue.ts";
import { type Resource, type ResourceUpdate, resourceKeyText } from "../datastore/resources.ts";
import type { Message } from "../policy/messages.ts";
import { calcIssues } from "./calc-issues.ts";
import { type CalcView, createCalcView } from "./calc-view.ts";
import { identityMessages } from "./identities.ts";
import { ipSetMessages } from "./ip-set-messages.ts";
import { IpSets } from "./ip-sets.ts";
import { absence, type ItemResource, itemFacts } from "./item-facts.ts";
import { ItemTable } from "./item-table.ts";
import { LocalEndpoints } from "./local-endpoints.ts";
import { createLocalTest, type LocalEndpoint, type LocalTest, localText } from "./local-test.ts";
import { PolicyTable } from "./policy-table.ts";
import { ProfileTable } from "./profile-table.ts";
import { RulePublisher } from "./rule-publisher.ts";
import { isSameValue } from "./same-value.ts";
import { Services } from "./services.ts";
import { TierTable } from "./tier-table.ts";
import { type SetDoubt, UnusableObjects } from "./unusable-objects.ts";
import { type CalcWork, createCalcWork } from "./work.ts";

export type { LocalEndpoint } from "./local-test.ts";

export type CalcOptions = {
  /** The endpoints that policy is calculated for: one for a sidecar, a node for its agent. */
  readonly local: readonly LocalEndpoint[];
  /** Whether the datastore lists the workloads that selectors choose from; `none` marks every set as incomplete. */
  readonly inventory: "complete" | "none";
};

/**
 * The calculation graph: resource updates in, policy messages out, incrementally.
 *
 * Two phases. `apply` only notes what changed, the latest version of each object winning; `flush` brings the state
 * up to date, each stage from what the stages before it found changed, and says the net difference to what was said
 * before. Nothing is computed before `setInSync`, since conclusions from half a datastore may allow too much.
 *
 *     profiles → items → IP sets ┐
 *         └────→ policies → endpoints → rules → IP sets → messages
 */
export class CalcGraph {
  /** How much was done so far. Read only. */
  readonly work: CalcWork = createCalcWork();
  /** What was last published, for those who come later. */
  readonly view: CalcView;
  readonly #local: readonly LocalEndpoint[];
  readonly #inventoryDoubt: SetDoubt;
  readonly #isLocal: LocalTest;
  readonly #profiles: ProfileTable = new ProfileTable();
  readonly #items: ItemTable = new ItemTable(this.#profiles);
  readonly #services: Services = new Services();
  readonly #sets: IpSets = new IpSets(this.#items, this.#services, this.work);
  readonly #tiers: TierTable = new TierTable();
  readonly #policies: PolicyTable = new PolicyTable(this.#items, this.work);
  readonly #unusable: UnusableObjects = new UnusableObjects();
  readonly #endpoints: LocalEndpoints = new LocalEndpoints(
    this.#policies,
    this.#profiles,
    this.#tiers,
    this.#unusable,
    this.work,
  );
  readonly #publisher: RulePublisher = new RulePublisher(this.#sets, this.work);
  /** Local objects that count as absent: object key → which request, why. */
  readonly #unfit = new Map<string, { readonly requested: string; readonly why: string }>();
  #setDoubt: SetDoubt;
  #sync: "waiting" | "reached" | "announced" = "waiting";
  #hasChanges = true;
  #hasStaleIssues = false;
  #issues: readonly Issue[] = [];

  constructor(options: CalcOptions) {
    this.#local = options.local;
    this.#inventoryDoubt = options.inventory === "none" ? "incomplete" : "none";
    this.#setDoubt = this.#inventoryDoubt;
    this.#isLocal = createLocalTest(options.local);
    this.view = createCalcView({
      endpoints: this.#endpoints,
      policies: this.#policies,
      profiles: this.#profiles,
      sets: this.#sets,
      setDoubt: () => this.#setDoubt,
    });
  }

  /**
   * Note changes; they take effect together at the next flush. An object that became unusable takes part no more, and
   * leaves in doubt what it might have had a part in.
   */
  apply(updates: readonly ResourceUpdate[]): void {
    for (const update of updates) {
      if (update.kind === "put") this.#put(update.resource, resourceKeyText(update.key));
      else this.#delete(update);
      this.#unusable.note(update);
    }
    if (updates.length > 0) this.#hasChanges = true;
  }

  /** Every kind was listed once: from now on the state is complete. */
  setInSync(): void {
    if (this.#sync === "waiting") this.#sync = "reached";
  }

  /**
   * The net effect of all that was applied since the last flush, in an order in which everything is sent before it is
   * referred to and removed after the last reference. Empty before in-sync; the first flush after it ends with in_sync.
   */
  flush(): readonly Message[] {
    if (this.#sync === "waiting") return [];
    const messages = this.#hasChanges ? this.#calculate() : [];
    if (this.#sync === "reached") {
      messages.push({ kind: "in_sync" });
      this.#sync = "announced";
    }
    return messages;
  }

  /** What is amiss as of the last flush; the same array as long as that says the same. Costs by all policies' rules. */
  issues(): readonly Issue[] {
    if (this.#hasStaleIssues) {
      const issues = this.#findIssues();
      if (!isSameValue(issues, this.#issues)) this.#issues = issues;
      this.#hasStaleIssues = false;
    }
    return this.#issues;
  }

  #put(resource: Resource, key: string): void {
    switch (resource.kind) {
      case "Tier":
        this.#tiers.put(resource.metadata.name, resource);
        break;
      case "NetworkPolicy":
      case "GlobalNetworkPolicy":
      case "StagedNetworkPolicy":
      case "StagedGlobalNetworkPolicy":
      case "KubernetesNetworkPolicy":
      case "StagedKubernetesNetworkPolicy":
      case "KubernetesClusterNetworkPolicy":
        this.#policies.put(key, resource);
        break;
      case "Pod":
      case "WorkloadEndpoint":
      case "HostEndpoint":
      case "NetworkSet":
      case "GlobalNetworkSet":
        this.#putItem(resource, key);
        break;
      case "Profile":
        this.#profiles.putWritten(resource.metadata.name, resource);
        break;
      case "Namespace":
      case "ServiceAccount":
        this.#profiles.putMade(resource);
        break;
      case "EndpointSlice":
        this.#services.put(key, resource);
        break;
      default:
        unreachable(resource);
    }
  }

  #putItem(resource: ItemResource, key: string): void {
    this.#items.put(key, itemFacts(resource, this.#isLocal));
    const why = absence(resource);
    const requested = why === undefined ? undefined : this.#isLocal(resource);
    if (why === undefined || requested === undefined) this.#unfit.delete(key);
    else this.#unfit.set(key, { requested, why });
  }

  #delete({ key }: ResourceUpdate): void {
    const text = resourceKeyText(key);
    switch (key.kind) {
      case "Tier":
        this.#tiers.put(key.name, undefined);
        break;
      case "NetworkPolicy":
      case "GlobalNetworkPolicy":
      case "StagedNetworkPolicy":
      case "StagedGlobalNetworkPolicy":
      case "KubernetesNetworkPolicy":
      case "StagedKubernetesNetworkPolicy":
      case "KubernetesClusterNetworkPolicy":
        this.#policies.put(text, undefined);
        break;
      case "Pod":
      case "WorkloadEndpoint":
      case "HostEndpoint":
      case "NetworkSet":
      case "GlobalNetworkSet":
        this.#unfit.delete(text);
        this.#items.put(text, undefined);
        break;
      case "Profile":
        this.#profiles.putWritten(key.name, undefined);
        break;
      case "Namespace":
      case "ServiceAccount":
        this.#profiles.deleteMade(key);
        break;
      case "EndpointSlice":
        this.#services.put(text, undefined);
        break;
      default:
        unreachable(key.kind);
    }
  }

  /** The stages, in the order of their dependence. */
  #calculate(): Message[] {
    this.#hasChanges = false;
    const resend = this.#updateDoubt();
    const profiles = this.#profiles.process(
      (name) => this.#sets.mentions(name) || this.#policies.mentions(name),
    );
    const items = this.#items.process(profiles.inherited);
    for (const change of items) this.#sets.update(change);
    for (const change of this.#services.process()) this.#sets.updateSlice(change);
    const policies = this.#policies.process();
    const listed = this.#endpoints.process(items, policies, this.#tiers.takeChanged());

    const policyUpdates: Message[] = [];
    const policyRemoves: Message[] = [];
    for (const entry of new Set([...policies.entries, ...listed.policies])) {
      const message = this.#publisher.policy(entry);
      if (message !== undefined) (entry.rules.users > 0 ? policyUpdates : policyRemoves).push(message);
    }
    const profileUpdates: Message[] = [];
    const profileRemoves: Message[] = [];
    const changedProfiles = new Set([...profiles.changed, ...listed.profiles]);
    for (const node of changedProfiles) {
      const message = this.#publisher.profile(node);
      if (message !== undefined) (node.rules.users > 0 ? profileUpdates : profileRemoves).push(message);
    }
    const endpoints = this.#endpoints.takeMessages();
    const sets = ipSetMessages(this.#sets.takeTouched(), this.#setDoubt, { resend });
    const identities = identityMessages(profiles.changed);
    for (const node of changedProfiles) this.#profiles.dropIfUnused(node);
    this.#hasStaleIssues = true;
    return [
      ...sets.updates,
      ...sets.deltas,
      ...policyUpdates,
      ...profileUpdates,
      ...endpoints.updates,
      ...endpoints.removes,
      ...profileRemoves,
      ...policyRemoves,
      ...sets.removes,
      ...identities.serviceAccountRemoves,
      ...identities.serviceAccountUpdates,
      ...identities.namespaceRemoves,
      ...identities.namespaceUpdates,
    ];
  }

  /** Takes over what can't be used now; returns whether sets are in another doubt than they were published with. */
  #updateDoubt(): boolean {
    if (!this.#unusable.takeChanged()) return false;
    this.#endpoints.touchAll();
    const { setDoubt } = this.#unusable;
    const doubt = setDoubt === "none" ? this.#inventoryDoubt : setDoubt;
    if (doubt === this.#setDoubt) return false;
    this.#setDoubt = doubt;
    this.#sets.touchAll();
    return true;
  }

  #findIssues(): readonly Issue[] {
    const absent = new Map<string, string>();
    for (const endpoint of this.#local) {
      if (endpoint.kind !== "node") absent.set(localText(endpoint), "does not exist");
    }
    const unfit = [...this.#unfit].sort(([a], [b]) => compareUtf8(b, a));
    for (const [, { requested, why }] of unfit) if (absent.has(requested)) absent.set(requested, why);
    for (const requested of this.#endpoints.requested()) absent.delete(requested);
    return calcIssues({
      policies: this.#policies,
      tiers: this.#tiers,
      services: this.#services,
      profiles: this.#profiles,
      endpoints: this.#endpoints,
      absent,
    });
  }
}
