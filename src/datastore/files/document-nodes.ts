import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { LocateOptions, ValuePath } from "../locate.ts";
import { offsetOf } from "./yaml-value.ts";

/** The nodes of one document, to find where in its text a value is. */
export class DocumentNodes {
  readonly #contents: unknown;
  readonly #targets: ReadonlyMap<unknown, unknown>;
  readonly #text: string;

  /** @param targets what each alias stands for. */
  constructor(contents: unknown, targets: ReadonlyMap<unknown, unknown>, text: string) {
    this.#contents = contents;
    this.#targets = targets;
    this.#text = text;
  }

  /** The node at a path, aliases followed on the way; undefined where there is none. */
  find(path: ValuePath): unknown {
    let node = this.#contents;
    for (const step of path) {
      node = this.#resolve(node);
      if (isMap(node)) node = node.items.find((pair) => isScalar(pair.key) && pair.key.value === step)?.value;
      else if (isSeq(node) && typeof step === "number") node = node.items[step];
      else return undefined;
    }
    return node ?? undefined;
  }

  /** Offset of a value or key; of the nearest thing around it where it is absent. */
  offset(path: ValuePath, options: LocateOptions = {}): number {
    const last = path.at(-1);
    const value = this.find(path);
    if (last !== undefined && (options.key === true || value === undefined || isEmpty(value))) {
      const key = findKey(this.#resolve(this.find(path.slice(0, -1))), last);
      if (key !== undefined) return offsetOf(key);
    }
    if (value === undefined) return path.length === 0 ? 0 : this.offset(path.slice(0, -1), { key: true });
    return options.offset === undefined
      ? offsetOf(value)
      : offsetOf(value) + this.#inside(value, options.offset);
  }

  #resolve(node: unknown): unknown {
    let current = node;
    while (isAlias(current)) current = this.#targets.get(current);
    return current;
  }

  /** Within a scalar whose text stands in the file as it is, the very character; otherwise its beginning. */
  #inside(node: unknown, offset: number): number {
    if (!isScalar(node) || typeof node.value !== "string") return 0;
    const start = offsetOf(node);
    const open = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE" ? 1 : 0;
    return this.#text.startsWith(node.value, start + open) ? open + Math.min(offset, node.value.length) : 0;
  }
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function findKey(node: unknown, key: PropertyKey): unknown {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key;
}
