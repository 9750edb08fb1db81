/**
 * From a YAML document's nodes to a plain value, checked for what YAML allows and policy must not: keys twice, keys
 * that are no text, numbers that two readers read differently, and documents that grow when their aliases are followed.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
} from "yaml";
import type { IssueCode } from "../../base/issue.ts";
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VALUES_MAX } from "../../base/limits.ts";
import { quote } from "../locate.ts";

export type YamlProblem = { readonly code: IssueCode; readonly message: string; readonly offset: number };

export type PlainValue = {
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<unknown, unknown>;
};

export function toPlainValue(document: Document.Parsed): PlainValue {
  const conversion = new Conversion();
  const value = conversion.convert(document.contents, 0);
  return { value, problems: conversion.problems, targets: conversion.targets };
}

/** Problems listed of one document; the first few are what its author needs. */
const PROBLEMS_MAX = 20;

class Conversion {
  readonly problems: YamlProblem[] = [];
  readonly targets = new Map<unknown, unknown>();
  /** The latest node of each anchor so far, in the order of the text. The library's own look-up walks the document. */
  readonly #anchors = new Map<string, unknown>();
  /** Anchors count where they are written, not where an alias leads to them again. */
  #aliasesFollowed = 0;
  #valuesLeft = DOCUMENT_VALUES_MAX;

  convert(node: unknown, depth: number): unknown {
    if (node === null || node === undefined) return null;
    this.#valuesLeft--;
    if (this.#valuesLeft === 0)
      this.#report("limit", `more than ${DOCUMENT_VALUES_MAX} values in one document`, node);
    if (this.#valuesLeft <= 0) return null;
    if (depth > DOCUMENT_DEPTH_MAX) {
      this.#report("limit", `nested more than ${DOCUMENT_DEPTH_MAX} deep`, node);
      return null;
    }
    if (isAlias(node)) return this.#follow(node, depth);
    if (isNode(node) && node.anchor !== undefined && this.#aliasesFollowed === 0) {
      this.#anchors.set(node.anchor, node);
    }
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.convert(item, depth + 1));
    if (isMap(node)) return this.#mapping(node.items, depth);
    this.#report("bad_document", "a value of a kind that policy has no use for", node);
    return null;
  }

  #follow(alias: Alias, depth: number): unknown {
    const target = this.#target(alias);
    this.#aliasesFollowed++;
    const value = this.convert(target, depth + 1);
    this.#aliasesFollowed--;
    return value;
  }

  /** Found once, when the alias is first met: later its anchor may be another's. */
  #target(alias: Alias): unknown {
    if (this.targets.has(alias)) return this.targets.get(alias);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) this.#report("bad_document", `\`*${alias.source}\` refers to nothing`, alias);
    this.targets.set(alias, target);
    return target;
  }

  #mapping(items: readonly unknown[], depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null);
    const seen = new Set<string>();
    for (const pair of items) {
      if (!isPair(pair)) continue;
      const key = this.#key(pair.key);
      if (key === undefined) continue;
      if (seen.has(key)) {
        this.#report("duplicate_key", `key ${quote(key)} stands twice in one mapping`, pair.key);
        continue;
      }
      seen.add(key);
      result[key] = this.convert(pair.value, depth + 1);
    }
    return result;
  }

  #key(node: unknown): string | undefined {
    const key: unknown = isScalar(node) ? node.value : undefined;
    if (typeof key === "string" && key === "<<" && isScalar(node) && node.type === "PLAIN") {
      this.#report("unknown_key", "merge keys (`<<`) are not read: repeat the fields", node);
      return undefined;
    }
    if (typeof key === "string" && key !== "__proto__") return key;
    const shown =
      isScalar(node) && typeof node.source === "string" ? quote(node.source) : "a key that is no text";
    this.#report(
      "bad_document",
      `${shown} can't be a key: keys are text, in quotes where they look like something else`,
      node,
    );
    return undefined;
  }

  #scalar(node: Scalar): unknown {
    const { value, source } = node;
    if (typeof value === "number") {
      const isPlainDecimal =
        source === undefined || /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(source);
      if (!isPlainDecimal || !Number.isFinite(value)) {
        const message = `the number ${quote(source ?? String(value))} is not a plain decimal one: other readers may read it differently`;
        this.#report("bad_value", message, node);
      }
      return value;
    }
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    this.#report("bad_document", "a value of a kind that policy has no use for", node);
    return null;
  }

  #report(code: IssueCode, message: string, at: unknown): void {
    if (this.problems.length >= PROBLEMS_MAX) return;
    this.problems.push({ code, message, offset: offsetOf(at) });
  }
}

/** A node's part of the text, without the comments around it. */
export function rangeOf(node: unknown): readonly [from: number, to: number] {
  const [from = 0, to = 0] = (node as Partial<Node> | null | undefined)?.range ?? [];
  return [from, to];
}

/** Where a node begins in the text, 0 where it is not known. */
export function offsetOf(node: unknown): number {
  return rangeOf(node)[0];
}
