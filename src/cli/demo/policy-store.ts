/** The shop's policies in a datastore other than files: how they get there, and how an edit of the example does. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { plainDocuments } from "../../datastore/files/plain-documents.ts";
import { EXAMPLE_FOLDER } from "./stage.ts";

/** An object of the example, as its YAML says it. */
export type ShopObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
};

export type PolicyStore = {
  /** For the reader. */
  readonly name: string;
  /** Of an `ephor node` that reads it. */
  readonly nodeFlags: readonly string[];
  /** Lines for somebody who wants to edit there. */
  readonly howToEdit: readonly string[];
  /** Creates or replaces it. Rejects with a StoreRefusal where the store itself finds it wrong. */
  put(object: ShopObject): Promise<void>;
  remove(object: ShopObject): Promise<void>;
  /** What a rule of the example is called there. */
  ruleName(rule: string): string;
};

/** Nothing to do with a bug: what the store is made of isn't here, and the message says what to do about it. */
export class StoreMissingError extends Error {
  override name = "StoreMissingError";
}

/** The store doesn't take an object, and says why. */
export class StoreRefusal extends Error {
  override name = "StoreRefusal";
}

/** What others live in or refer to comes first. */
const KIND_ORDER: readonly string[] = ["Namespace", "ServiceAccount", "Tier"];

/** Puts the whole example into a store, and keeps a copy of its files to edit. */
export async function fillStore(store: PolicyStore, copy: string): Promise<void> {
  await cp(EXAMPLE_FOLDER, copy, { recursive: true });
  const files = (await readdir(copy)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(copy, file), "utf8")));
  const objects = texts.flatMap(readObjects);
  const rank = ({ kind }: ShopObject): number => (KIND_ORDER.indexOf(kind) + 1 || KIND_ORDER.length + 1) - 1;
  for (const object of objects.toSorted((left, right) => rank(left) - rank(right))) await store.put(object);
}

/**
 * Edits a file of the copy and does to the store what that means.
 *
 * @returns why the store refuses it, if it does.
 */
export async function editStore(
  store: PolicyStore,
  path: string,
  edited: (text: string) => string,
): Promise<string | undefined> {
  const text = await readFile(path, "utf8");
  const next = edited(text);
  await writeFile(path, next);
  const before = new Map(readObjects(text).map((object) => [keyOf(object), object]));
  const after = new Map(readObjects(next).map((object) => [keyOf(object), object]));
  try {
    for (const [key, object] of after) {
      if (!isDeepStrictEqual(object, before.get(key))) await store.put(object);
    }
    for (const [key, object] of before) if (!after.has(key)) await store.remove(object);
    return undefined;
  } catch (reason) {
    if (reason instanceof StoreRefusal) return reason.message;
    throw reason;
  }
}

function readObjects(text: string): readonly ShopObject[] {
  return plainDocuments(text) as ShopObject[];
}

function keyOf({ apiVersion, kind, metadata }: ShopObject): string {
  return JSON.stringify([apiVersion, kind, metadata.namespace, metadata.name]);
}
