import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../../src/base/clock.ts";
import { hasErrors } from "../../../src/base/issue.ts";
import { applyObject, deleteObject } from "../../../src/datastore/change-object.ts";
import { etcdAccess, parseEtcdEndpoint } from "../../../src/datastore/etcd/etcd-access.ts";
import { EtcdStore } from "../../../src/datastore/etcd/etcd-store.ts";
import { FileStore } from "../../../src/datastore/files/file-store.ts";
import { readDirectory } from "../../../src/datastore/files/read-directory.ts";
import { readGivenObjects } from "../../../src/datastore/given-objects.ts";
import { type Resource, resourceKey, resourceKeyText } from "../../../src/datastore/resources.ts";
import { BUILT_IN_TIERS } from "../../../src/datastore/schema/tier.ts";
import { EtcdServer } from "../../support/etcd-server.ts";
import { history } from "../../support/generate-resources.ts";
import { runSettings } from "../../support/runs.ts";
import { writeObject } from "../../support/write-object.ts";
import { temporaryDirectory } from "../watched-directory.ts";
import { FollowedEtcd, setReady } from "./followed-etcd.ts";

const WRITE = { isDryRun: false };

/** What the object says, without what only one store makes up: identity, and the tier as a label. */
function essence(resource: Resource): unknown {
  const labels = new Map(resource.metadata.labels);
  labels.delete("projectcalico.org/tier");
  return { ...resource, metadata: { ...resource.metadata, uid: "", labels } };
}

const byKey = (resources: readonly Resource[]): ReadonlyMap<string, unknown> =>
  new Map(
    resources
      .filter((resource) => !BUILT_IN_TIERS.some((tier) => tier === resource))
      .map((resource) => [resourceKeyText(resourceKey(resource)), essence(resource)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

describe("files and etcd", () => {
  it("hold the same after the same changes, and what they hold is read as what was given", async (test) => {
    const server = await EtcdServer.start();
    test.after(() => server.stop());
    const endpoint = parseEtcdEndpoint(server.url);
    assert.ok(endpoint.ok);
    const directory = await temporaryDirectory(test);
    const files = new FileStore(systemClock, directory);
    const etcd = new EtcdStore(systemClock, etcdAccess([endpoint.value], {}));
    test.after(() => etcd.close());

    const wanted = new Map<string, Resource>();
    let accepted = 0;
    let refused = 0;
    let deleted = 0;
    const { seed = 1 } = runSettings(1);
    for (const update of fc.sample(history, { numRuns: 12, seed }).flat(2)) {
      const text = resourceKeyText(update.key);
      // The tiers that every cluster has stay in an etcd.
      if (update.kind === "delete" && text !== "Tier default" && wanted.delete(text)) {
        const outcomes = [files, etcd].map((store) => deleteObject(store, update.key, undefined, WRITE));
        assert.deepEqual(
          (await Promise.all(outcomes)).map(({ kind }) => kind),
          ["deleted", "deleted"],
        );
        deleted++;
      }
      const object = update.kind === "put" ? writeObject(update.resource) : undefined;
      if (object === undefined) continue;
      const { objects, issues } = await readGivenObjects(
        [{ name: "x", bytes: Buffer.from(JSON.stringify(object)) }],
        undefined,
      );
      const [given] = objects;
      if (hasErrors(issues) || given === undefined || etcd.objection(given) !== undefined) {
        refused++;
        continue;
      }
      const [inFiles, inEtcd] = await Promise.all([
        applyObject(files, given, WRITE),
        applyObject(etcd, given, WRITE),
      ]);
      assert.equal(inFiles.kind, inEtcd.kind, JSON.stringify(object));
      assert.match(inFiles.kind, /^(created|configured|unchanged)$/);
      wanted.set(text, given.resource);
      accepted++;
    }

    await setReady(server);
    const followed = await FollowedEtcd.start(test, [server.url]);
    const { resources, issues } = await readDirectory(directory);
    assert.ok(!hasErrors(issues));
    assert.deepEqual(byKey(resources), byKey([...wanted.values()]));
    assert.deepEqual(
      byKey([...followed.inForce.values()].flatMap((resource) => resource ?? [])),
      byKey([...wanted.values()]),
    );
    test.diagnostic(`${accepted} accepted, ${refused} refused, ${deleted} deleted`);
    assert.ok(accepted > 100 && refused > 20 && deleted > 2);
  });
});
