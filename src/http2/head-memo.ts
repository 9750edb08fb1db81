import { HEAD_MEMO_BLOCK_MAX_BYTES, HEAD_MEMO_MAX } from "../base/limits.ts";

/** What a header block was read as. */
export type KnownHead<Call> = {
  readonly call: Call;
  /** `content-length`, -1 where there is none. */
  readonly bodyBytes: number;
};

type Entry<Call> = KnownHead<Call> & { readonly block: Buffer; readonly revision: number };

/**
 * The header blocks that a connection has sent before.
 *
 * A proxy sends the same head with every check, and once the table of its compression is warm in the same few bytes. INVARIANT: an entry was decoded
 * at its revision of the decoder's table and left it as it was, so that equal bytes at that revision mean the same again and change
 * nothing; decoding them can be left out.
 */
export class HeadMemo<Call> {
  readonly #entries: Entry<Call>[] = [];
  #next = 0;

  find(bytes: Buffer, start: number, end: number, revision: number): KnownHead<Call> | undefined {
    const entries = this.#entries;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (entry.revision === revision && isEqual(entry.block, bytes, start, end)) return entry;
    }
    return undefined;
  }

  /** Keeps what a block was read as, in place of the oldest. */
  add(bytes: Buffer, start: number, end: number, revision: number, known: KnownHead<Call>): void {
    if (end - start > HEAD_MEMO_BLOCK_MAX_BYTES) return;
    const block = Buffer.from(bytes.subarray(start, end));
    this.#entries[this.#next] = { call: known.call, bodyBytes: known.bodyBytes, block, revision };
    this.#next = (this.#next + 1) % HEAD_MEMO_MAX;
  }
}

/** A loop, since blocks are short: twenty bytes once the table is warm. */
function isEqual(block: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (block.length !== end - start) return false;
  for (let i = 0; i < block.length; i++) {
    if (block[i] !== bytes[start + i]) return false;
  }
  return true;
}
