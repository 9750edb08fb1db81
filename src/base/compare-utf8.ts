/**
 * Orders texts as their UTF-8 bytes order, which is also the order of their code points.
 *
 * `<` on strings compares UTF-16 units instead, and so puts U+1F600 (a surrogate pair) before U+FF21. Every order
 * that decides anything (policies, tiers, canonical texts) is by bytes.
 *
 * @returns negative, zero or positive, as `Array.prototype.sort` wants it.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return unitRank(leftUnit) - unitRank(rightUnit);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank above every other unit. */
function unitRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
