/**
 * Whether two values of plain data (objects, arrays, Maps, primitives) say the same, whatever objects they are made
 * of. An absent key and one that is `undefined` are the same; the order of a Map's entries means nothing.
 */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((value, index) => isSameValue(value, b[index]))
    );
  }
  if (a instanceof Map) return b instanceof Map && isSameMap(a, b);
  if (Array.isArray(b) || b instanceof Map) return false;
  const left: Record<string, unknown> = { ...a };
  const right: Record<string, unknown> = { ...b };
  for (const key of Object.keys(left)) if (!isSameValue(left[key], right[key])) return false;
  for (const key of Object.keys(right)) if (!(key in left) && right[key] !== undefined) return false;
  return true;
}

function isSameMap(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !isSameValue(value, b.get(key))) return false;
  return true;
}
