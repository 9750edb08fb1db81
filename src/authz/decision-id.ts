import { randomBytes } from "node:crypto";

/** Characters of a decision id: lower-case hexadecimal digits. */
export const DECISION_ID_CHARS = 16;

/**
 * Makes decision ids: unique within a process, unlikely to repeat between processes, and opaque, since clients see them. The
 * first half is drawn at random for each 2^32 ids, the second is a counter put through a permutation that is random too, so an
 * id tells neither how many decisions there were nor which came first.
 */
export class DecisionIds {
  #prefix = "";
  #counter = 0;
  #whiten = 0;
  #multiplier = 0;

  constructor() {
    this.#draw();
  }

  next(): string {
    // Both steps are permutations of 32-bit numbers: the multiplier is odd.
    let value = Math.imul(this.#counter ^ this.#whiten, this.#multiplier);
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
    value ^= value >>> 12;
    this.#counter = (this.#counter + 1) | 0;
    if (this.#counter === 0) this.#draw();
    return (
      this.#prefix +
      HEX_BYTES[value >>> 24]! +
      HEX_BYTES[(value >>> 16) & 0xff]! +
      HEX_BYTES[(value >>> 8) & 0xff]! +
      HEX_BYTES[value & 0xff]!
    );
  }

  #draw(): void {
    const random = randomBytes(12);
    this.#prefix = random.toString("hex", 0, 4);
    this.#whiten = random.readInt32LE(4);
    this.#multiplier = random.readInt32LE(8) | 1;
  }
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
