import type { Clock } from "../base/clock.ts";
import { defaultSlicing } from "../base/steps.ts";
import type { Datastore } from "../datastore/datastore.ts";
import type { SnapshotStore } from "../policy/snapshot.ts";
import { EmbeddedPolicy } from "./embedded-policy.ts";
import type { GuardedWorkload } from "./guarded-workload.ts";
import type { PolicyFlags } from "./policy-flags.ts";
import type { PolicySource, PolicySourceListener } from "./policy-source.ts";

/** Policy calculated in this process from a datastore. */
export class EmbeddedSource implements PolicySource {
  readonly text: string;
  readonly #datastore: Datastore;
  readonly #policy: EmbeddedPolicy;

  constructor(
    clock: Clock,
    datastore: Datastore,
    listener: PolicySourceListener,
    options: { readonly text: string; readonly flags: PolicyFlags; readonly guarded: GuardedWorkload },
  ) {
    this.text = options.text;
    this.#datastore = datastore;
    this.#policy = new EmbeddedPolicy(clock, options.flags, options.guarded, listener, defaultSlicing(clock));
  }

  get store(): SnapshotStore {
    return this.#policy.store;
  }

  get inSync(): boolean {
    return this.#policy.inSync;
  }

  start(): Promise<void> {
    return this.#datastore.start(this.#policy);
  }

  async close(): Promise<void> {
    await this.#datastore.close();
    this.#policy.close();
  }

  status(): object {
    return {};
  }
}
