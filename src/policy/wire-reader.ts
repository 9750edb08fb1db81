import type { Steps } from "../base/steps.ts";

/**
 * A reader of one plain object of a policy message: strict about types, absent is the default, unknown keys are errors.
 *
 * It reads what proto-loader gives (with `keepCase`, `enums: String`) and what recorded vectors hold: `null` counts as absent, and a
 * oneof's own name may stand in the object with the name of the field that is set.
 */
export class WireReader {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #keysRead = new Set<string>();

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new WireError(path, `must be an object, not ${nameType(value)}`);
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  /** Path of a field below this object, for messages. */
  at(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }

  /** The raw value; `undefined` if absent or null. */
  raw(key: string): unknown {
    this.#keysRead.add(key);
    return Object.hasOwn(this.#object, key) ? (this.#object[key] ?? undefined) : undefined;
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined;
  }

  text(key: string): string {
    const value = this.raw(key);
    if (value === undefined) return "";
    if (typeof value !== "string") throw new WireError(this.at(key), `must be text, not ${nameType(value)}`);
    return value;
  }

  flag(key: string): boolean {
    const value = this.raw(key);
    if (value === undefined) return false;
    if (typeof value !== "boolean") {
      throw new WireError(this.at(key), `must be true or false, not ${nameType(value)}`);
    }
    return value;
  }

  integer(key: string): number {
    const value = this.raw(key);
    if (value === undefined) return 0;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      throw new WireError(this.at(key), `must be an integer, not ${nameType(value)}`);
    }
    return value;
  }

  texts(key: string): readonly string[] {
    return this.list(key, (value, path) => {
      if (typeof value !== "string") throw new WireError(path, `must be text, not ${nameType(value)}`);
      return value;
    });
  }

  list<T>(key: string, decode: (value: unknown, path: string) => T): readonly T[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw new WireError(this.at(key), `must be a list, not ${nameType(value)}`);
    return value.map((entry: unknown, index) => decode(entry, `${this.at(key)}[${index}]`));
  }

  /** The same as list(), yielding after every so many entries. */
  *listSteps<T>(
    key: string,
    decode: (value: unknown, path: string) => T,
    stepEntries: number,
  ): Steps<readonly T[]> {
    const decoded: T[] = [];
    for (const [index, entry] of this.list(key, (value) => value).entries()) {
      if (index > 0 && index % stepEntries === 0) yield;
      decoded.push(decode(entry, `${this.at(key)}[${index}]`));
    }
    return decoded;
  }

  textMap(key: string): ReadonlyMap<string, string> {
    const value = this.raw(key);
    if (value === undefined) return new Map();
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new WireError(this.at(key), `must be a map, not ${nameType(value)}`);
    }
    const map = new Map<string, string>();
    for (const [name, text] of Object.entries(value as object)) {
      if (typeof text !== "string") {
        throw new WireError(`${this.at(key)}.${name}`, `must be text, not ${nameType(text)}`);
      }
      map.set(name, text);
    }
    return map;
  }

  child<T>(key: string, decode: (reader: WireReader) => T): T | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : readObject(value, this.at(key), decode);
  }

  required<T>(key: string, decode: (reader: WireReader) => T): T {
    const value = this.child(key, decode);
    if (value === undefined) throw new WireError(this.at(key), "must be present");
    return value;
  }

  /** The same in steps. */
  *requiredSteps<T>(key: string, decode: (reader: WireReader) => Steps<T>): Steps<T> {
    const value = this.raw(key);
    if (value === undefined) throw new WireError(this.at(key), "must be present");
    return yield* readObjectSteps(value, this.at(key), decode);
  }

  /** Marks fields of the protocol that we have no use for. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#keysRead.add(key);
  }

  /** Throws at a key that nobody asked for: it may be a condition that we would pass over. */
  end(): void {
    for (const [key, value] of Object.entries(this.#object)) {
      if (this.#keysRead.has(key) || value === null || value === undefined) continue;
      const isOneofName = typeof value === "string" && Object.hasOwn(this.#object, value);
      if (!isOneofName) throw new WireError(this.at(key), "is not a known field");
    }
  }
}

/** Reads one object whole: every key must be read or ignored. */
export function readObject<T>(value: unknown, path: string, decode: (reader: WireReader) => T): T {
  const reader = new WireReader(value, path);
  const decoded = decode(reader);
  reader.end();
  return decoded;
}

/** The same in steps. */
export function* readObjectSteps<T>(
  value: unknown,
  path: string,
  decode: (reader: WireReader) => Steps<T>,
): Steps<T> {
  const reader = new WireReader(value, path);
  const decoded = yield* decode(reader);
  reader.end();
  return decoded;
}

/** What is wrong and where; caught by decodeMessage() alone. */
export class WireError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

function nameType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" ? "a number out of range" : `a value of type ${typeof value}`;
}
