/** A temporary directory and a datastore on it, with every call of the listener recorded. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { FileDatastore } from "../../src/datastore/files/file-datastore.ts";
import { RecordedListener } from "../support/recorded-listener.ts";

export async function temporaryDirectory(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ephor-policies-"));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export class Watched extends RecordedListener {
  readonly directory: string;
  readonly datastore: FileDatastore;

  constructor(directory: string) {
    super();
    this.directory = directory;
    this.datastore = new FileDatastore(systemClock, { directory });
  }

  static async start(test: TestContext, directory: string): Promise<Watched> {
    const watched = new Watched(directory);
    test.after(() => watched.datastore.close());
    await watched.datastore.start(watched);
    return watched;
  }

  order(name: string): number | undefined {
    const resource = this.inForce.get(`NetworkPolicy shop/${name}`);
    return resource?.kind === "NetworkPolicy" ? resource.spec.order : undefined;
  }

  has(name: string): boolean {
    return this.inForce.has(`NetworkPolicy shop/${name}`);
  }
}

export function policy(name: string, order: number | string = 1): string {
  return `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: {order: ${order}}\n`;
}
