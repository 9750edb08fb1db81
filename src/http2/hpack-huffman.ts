import { assert } from "../base/assert.ts";

/**
 * The Huffman code of RFC 7541 (5.2, appendix B).
 *
 * The code is canonical: codes of one length are consecutive numbers in the order of their symbols, and each length begins
 * where the one before ended. So the lengths below are the whole code.
 */

/** Bits of each byte's code; the last is that of EOS, which no string may contain. */
const CODE_BITS = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6], // space to /
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10], // 0 to ?
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], // @ to O
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6], // P to _
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5], // ` to o
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28], // p to ~, DEL
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
);
const EOS = 256;
const CODE_BITS_MAX = 30;
const CODES = canonicalCodes();

/**
 * The code as a machine that takes four bits a step. A state is an inner node of the code's tree; the root is 0. No code has fewer
 * than five bits, so that a step completes one symbol at most.
 *
 * A step: the next state in bits 0–7, a completed symbol in bits 8–15, and the flags below.
 */
const STEPS = new Uint32Array(256 * 16);
const STEP_EMITS = 0x1_00_00;
/** The bits led to EOS. */
const STEP_FAILS = 0x2_00_00;
/** A string may end here: what is left is fewer than eight bits, all ones (5.2). */
const STEP_MAY_END = 0x4_00_00;
compileSteps();

/**
 * Decodes a string into `into`.
 *
 * @returns the decoded length, or -1 where the bytes are no Huffman string: EOS in it, or padding that is too long or has a zero.
 * A length above `into.length` says how long the string is, of which `into` then has the beginning.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const room = into.length;
  let length = 0;
  let step = STEP_MAY_END; // of the empty string
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    step = STEPS[((step & 0xff) << 4) | (byte >>> 4)]!;
    if ((step & (STEP_EMITS | STEP_FAILS)) !== 0) {
      if ((step & STEP_FAILS) !== 0) return -1;
      if (length < room) into[length] = (step >>> 8) & 0xff;
      length++;
    }
    step = STEPS[((step & 0xff) << 4) | (byte & 0xf)]!;
    if ((step & (STEP_EMITS | STEP_FAILS)) !== 0) {
      if ((step & STEP_FAILS) !== 0) return -1;
      if (length < room) into[length] = (step >>> 8) & 0xff;
      length++;
    }
  }
  return (step & STEP_MAY_END) === 0 ? -1 : length;
}

/** How many bytes a latin1 string takes when encoded. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    assert(symbol < EOS, "what is encoded is latin1");
    bits += CODE_BITS[symbol]!;
  }
  return Math.ceil(bits / 8);
}

/** Writes a latin1 string of huffmanBytes(text) bytes; returns where the next byte goes. */
export function encodeHuffman(text: string, into: Uint8Array, start: number): number {
  let next = start;
  let pending = 0; // the low `pendingBits` bits are still to be written
  let pendingBits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    // Up to 7 + 30 bits: over 32, so a product instead of a shift.
    const bits = CODE_BITS[symbol]!;
    let all = pending * 2 ** bits + CODES[symbol]!;
    pendingBits += bits;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      const unit = 2 ** pendingBits;
      const byte = Math.floor(all / unit);
      into[next++] = byte;
      all -= byte * unit;
    }
    pending = all;
  }
  if (pendingBits > 0) into[next++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return next;
}

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(EOS + 1);
  let code = 0;
  for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
    code *= 2;
    for (let symbol = 0; symbol <= EOS; symbol++) if (CODE_BITS[symbol] === bits) codes[symbol] = code++;
  }
  return codes;
}

function compileSteps(): void {
  // children[2 * node + bit]: the node that follows, a leaf as -1 - symbol, or 0 for none yet.
  const children = new Int16Array(2 * 256);
  let nodeCount = 1;
  const onesDepth = new Map([[0, 0]]); // nodes on the path of ones, with their depth
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = CODE_BITS[symbol]! - 1; bit >= 0; bit--) {
      const edge = 2 * node + ((CODES[symbol]! >>> bit) & 1);
      if (bit === 0) children[edge] = -1 - symbol;
      else node = children[edge] ||= nodeCount++;
    }
  }
  for (let node = 0, depth = 1; depth < 8; depth++) {
    node = children[2 * node + 1]!;
    onesDepth.set(node, depth);
  }
  for (let state = 0; state < nodeCount; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state;
      let step = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[2 * node + ((nibble >>> bit) & 1)]!;
        node = Math.max(child, 0);
        if (child === -1 - EOS) step = STEP_FAILS;
        else if (child < 0) step = STEP_EMITS | ((-1 - child) << 8);
        if (step === STEP_FAILS) break;
      }
      STEPS[16 * state + nibble] = step | node | (onesDepth.has(node) ? STEP_MAY_END : 0);
    }
  }
}
