/**
 * A document's text with an object in it changed: comments, order and style stay wherever the object says what it said.
 *
 * The library's nodes carry comments and style, so the new value is written into the nodes of the old text. What comes
 * out is read again and has to say exactly the new value; where it does not, the document is written anew.
 */

import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument as parseYaml,
  Scalar,
  stringify,
  type ToStringOptions,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { assert } from "../../base/assert.ts";
import type { ValuePath } from "../locate.ts";
import { isMapping } from "../schema/kind.ts";
import { toPlainValue } from "./yaml-value.ts";

/** For whoever reads YAML 1.1: there, a plain `yes` or `0o7` is something else. */
const COMPATIBLE = { compat: "yaml-1.1" } as const;
/** Lines are as long as their text. */
const UNFOLDED = { lineWidth: 0 } as const;

/** A document of its own for a value. */
export function newDocument(value: unknown): string {
  return stringify(value, { ...COMPATIBLE, ...UNFOLDED, aliasDuplicateObjects: false });
}

/**
 * @param path to the object from the top of the document: empty, or into a list.
 * @param value of the object; undefined takes it out of its list.
 */
export function editDocument(text: string, path: ValuePath, value: unknown): string {
  const document = parseYaml(text, { ...COMPATIBLE, uniqueKeys: false, logLevel: "silent" });
  assert(document.errors.length === 0, "a broken text is not edited");
  const whole = withObject(toPlainValue(document).value, path, value);
  const edited = mergedText(document, text, whole);
  // A comment between documents stands at the end of the one before it.
  const isMarked = /^---(?:\s|$)/.test(text);
  return edited ?? `${isMarked ? "---\n" : ""}${newDocument(whole)}`;
}

/** The same for a file that is JSON by its name, where there are no comments to keep. */
export function editJson(text: string, path: ValuePath, value: unknown): string {
  const whole = path.length === 0 ? value : withObject(JSON.parse(text), path, value);
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/**
 * What stays of a document whose object goes: at the head of a file, the comment that is about the file, which an empty
 * line parts from what follows.
 */
export function headerOf(text: string, index: number): string {
  if (index > 0) return "";
  return /^(?:[ \t]*#[^\n]*\n)+(?=[ \t]*\r?\n)/.exec(text)?.[0] ?? "";
}

function withObject(whole: unknown, path: ValuePath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(whole)) {
    if (rest.length === 0 && value === undefined) return whole.filter((_, index) => index !== step);
    return whole.map((item: unknown, index) => (index === step ? withObject(item, rest, value) : item));
  }
  if (!isMapping(whole)) return whole;
  return { ...whole, [step]: withObject(whole[String(step)], rest, value) };
}

function mergedText(document: Document.Parsed, text: string, value: unknown): string | undefined {
  try {
    keepPadding(document, text);
    document.contents = merge(document, document.contents, value) as Document.Parsed["contents"];
    const edited = document.toString({ ...UNFOLDED, ...styleOf(text) });
    const again = parseYaml(edited, { uniqueKeys: false, logLevel: "silent" });
    const { value: read, problems } = toPlainValue(again);
    const isFaithful = again.errors.length + problems.length === 0;
    return isFaithful && isDeepStrictEqual(plain(read), plain(value)) ? edited : undefined;
  } catch {
    // Such as an alias whose anchor went with the old value: written anew, the document says the same without it.
    return undefined;
  }
}

/** How the author indents lists in mappings. */
function styleOf(text: string): ToStringOptions {
  return { indentSeq: !/^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1- /m.test(text) };
}

/** Keeps the spaces inside each pair of braces and brackets as they are; the library has one rule for all of them. */
function keepPadding(document: Document.Parsed, text: string): void {
  visit(document, {
    Collection: (_key, node) => {
      const at = node.range?.[0];
      if (node.flow !== true || at === undefined) return;
      const flowCollectionPadding = /\s/.test(text[at + 1] ?? "") ? " " : "";
      const print = node.toString.bind(node);
      node.toString = (context, ...rest) =>
        print(context === undefined ? context : { ...context, flowCollectionPadding }, ...rest);
    },
  });
}

function merge(document: Document, node: unknown, value: unknown): unknown {
  if (saysAlready(document, node, value)) return node;
  if (isMap(node) && isMapping(value)) return mergeMap(document, node, value);
  if (isSeq(node) && Array.isArray(value)) return mergeSeq(document, node, value);
  if (isScalar(node) && !isMapping(value) && !Array.isArray(value)) return mergeScalar(node, value);
  return document.createNode(value);
}

function mergeMap(document: Document, map: YAMLMap, value: Readonly<Record<string, unknown>>): YAMLMap {
  const pairs = map.items as Pair<unknown, unknown>[];
  const keyOf = (pair: Pair<unknown, unknown>): string =>
    String(isScalar(pair.key) ? pair.key.value : pair.key);
  const kept = pairs.filter((pair) => keyOf(pair) in value);
  for (const pair of kept) pair.value = merge(document, pair.value, value[keyOf(pair)]);
  const known = new Set(kept.map(keyOf));
  const added = Object.keys(value).filter((key) => !known.has(key));
  map.items = [...kept, ...added.map((key) => document.createPair(key, value[key]))] as typeof map.items;
  return map;
}

/** Items that stayed at either end keep their nodes; those between are matched one by one. */
function mergeSeq(document: Document, seq: YAMLSeq, value: readonly unknown[]): YAMLSeq {
  const { items } = seq;
  const shorter = Math.min(items.length, value.length);
  let head = 0;
  while (head < shorter && saysAlready(document, items[head], value[head])) head++;
  let tail = 0;
  while (tail < shorter - head && saysAlready(document, items.at(-1 - tail), value.at(-1 - tail))) tail++;
  const middle = value.slice(head, value.length - tail);
  const old = items.slice(head, items.length - tail);
  // Where some were taken away or put in, what stands at the same place is another item.
  const merged =
    middle.length === old.length
      ? middle.map((item, index) => merge(document, old[index], item))
      : matched(document, old, middle);
  seq.items = [...items.slice(0, head), ...merged, ...items.slice(items.length - tail)];
  return seq;
}

function matched(document: Document, old: readonly unknown[], values: readonly unknown[]): unknown[] {
  const byText = new Map(old.map((node) => [JSON.stringify((node as Node).toJS(document)), node]));
  return values.map((value) => {
    const text = JSON.stringify(value);
    const node = byText.get(text);
    byText.delete(text); // a node has one place
    return node ?? document.createNode(value);
  });
}

function mergeScalar(node: Scalar, value: unknown): Scalar {
  const merged = new Scalar(value);
  // A number in quotes becomes one without, so the style stays only between texts.
  if (typeof node.value === "string" && typeof value === "string" && node.type?.startsWith("QUOTE") === true)
    merged.type = node.type;
  const { comment, commentBefore, spaceBefore } = node;
  return Object.assign(merged, {
    ...(comment == null ? {} : { comment }),
    ...(commentBefore == null ? {} : { commentBefore }),
    ...(spaceBefore === undefined ? {} : { spaceBefore }),
  });
}

function saysAlready(document: Document, node: unknown, value: unknown): boolean {
  if (node === null || node === undefined) return value === null;
  if (isAlias(node) && node.resolve(document) === undefined) return false;
  return isDeepStrictEqual(plain((node as Node).toJS(document)), plain(value));
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
