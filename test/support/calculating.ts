/** A datastore's listener that calculates as it goes, and the same calculation made from scratch by its oracle. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { CalcGraph, type LocalEndpoint } from "../../src/calc/graph.ts";
import type { DatastoreListener } from "../../src/datastore/datastore.ts";
import { locateInObject } from "../../src/datastore/locate.ts";
import { parseResource } from "../../src/datastore/parse-resource.ts";
import {
  type Resource,
  type ResourceUpdate,
  resourceKey,
  resourceKeyText,
} from "../../src/datastore/resources.ts";
import { BUILT_IN_TIERS } from "../../src/datastore/schema/tier.ts";
import { Folded } from "../calc/fold.ts";
import { normalState, StreamState } from "./normal-state.ts";
import { RecordedListener } from "./recorded-listener.ts";
import { referenceCalculation } from "./reference-calculation.ts";

export class Calculating extends RecordedListener implements DatastoreListener {
  /** Holds every message to the order that consumers rely on. */
  readonly folded: Folded = new Folded();
  readonly #said = new StreamState();
  readonly #local: readonly LocalEndpoint[];
  readonly #graph: CalcGraph;

  constructor(local: readonly LocalEndpoint[]) {
    super();
    this.#local = local;
    this.#graph = new CalcGraph({ local, inventory: "complete" });
  }

  override onUpdates(batch: readonly ResourceUpdate[]): void {
    this.#graph.apply(batch);
    this.#flush();
    super.onUpdates(batch);
  }

  override onInSync(): void {
    this.#graph.setInSync();
    this.#flush();
    super.onInSync();
  }

  /**
   * Waits until what is in force is what is there, then compares all that was said with all that would be said of it
   * from scratch.
   */
  async holds(resources: readonly Resource[], timeoutMs: number): Promise<void> {
    const expected = byKey(resources);
    await this.until(
      "what is in force is what is there",
      () => isDeepStrictEqual(this.inForce, expected),
      timeoutMs,
    ).catch(() => assert.deepEqual(this.inForce, expected));
    assert.deepEqual(this.said, calculateFromScratch(resources, this.#local));
    assert.equal(this.inSyncCount, 1);
    assert.equal(this.folded.endpoints.size, this.#local.length);
  }

  /** In comparable form. */
  get said(): unknown {
    return normalState(this.#said);
  }

  #flush(): void {
    const messages = this.#graph.flush();
    this.folded.apply(messages);
    this.#said.apply(messages);
  }
}

/** What the oracle says of a state, in comparable form. */
export function calculateFromScratch(
  resources: readonly Resource[],
  local: readonly LocalEndpoint[],
): unknown {
  return normalState(referenceCalculation(resources, { local, inventory: "complete" }));
}

/** Objects as the datastores yield them, read without one; the tiers that always exist among them. */
export function readObjects(objects: Iterable<object>): readonly Resource[] {
  const resources = [...objects].map((object) => {
    const { resource, issues } = parseResource(object, locateInObject("it"));
    assert.ok(resource !== undefined, JSON.stringify([object, issues]));
    return resource;
  });
  const known = byKey(resources);
  return [...resources, ...BUILT_IN_TIERS.filter((tier) => !known.has(resourceKeyText(resourceKey(tier))))];
}

function byKey(resources: readonly Resource[]): Map<string, Resource> {
  return new Map(resources.map((resource) => [resourceKeyText(resourceKey(resource)), resource]));
}
