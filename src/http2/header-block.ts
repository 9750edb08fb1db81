import { CONTINUATION_FRAMES_MAX, HEADER_BLOCK_MAX_BYTES } from "../base/limits.ts";

/** What a HEADERS frame says beside its fields. */
export type BlockKind = {
  readonly isEnd: boolean;
  /** Its stream is in error, whatever the fields are. */
  readonly isBad: boolean;
};

const PLAIN: BlockKind = { isEnd: false, isBad: false };
const PLAIN_END: BlockKind = { isEnd: true, isBad: false };
const BAD: BlockKind = { isEnd: false, isBad: true };
const BAD_END: BlockKind = { isEnd: true, isBad: true };

/** Made beforehand, since every request has one. */
export function blockKind(isEnd: boolean, isBad: boolean): BlockKind {
  if (isBad) return isEnd ? BAD_END : BAD;
  return isEnd ? PLAIN_END : PLAIN;
}

/** A header block that comes in several frames: RFC 9113 §6.10. Nothing else may come between them. */
export class HeaderBlock {
  /** Of the stream whose block is under way, 0 while there is none. */
  streamId = 0;
  kind: BlockKind = PLAIN;
  #parts: Buffer[] = [];
  #bytes = 0;
  #continuations = 0;

  begin(streamId: number, kind: BlockKind): void {
    this.streamId = streamId;
    this.kind = kind;
    this.#continuations = 0;
  }

  /** @returns false for a block that is too large, or comes in too many pieces. */
  add(bytes: Buffer, start: number, end: number): boolean {
    this.#bytes += end - start;
    if (this.#continuations++ > CONTINUATION_FRAMES_MAX || this.#bytes > HEADER_BLOCK_MAX_BYTES) return false;
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }

  /** The whole block; the next may begin. */
  finish(): Buffer {
    const block = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    this.streamId = 0;
    return block;
  }
}
