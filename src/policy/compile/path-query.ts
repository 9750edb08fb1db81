const SLASH = 0x2f;

/**
 * A request's path, scanned once for all tries that are asked about it.
 *
 * One instance serves one request after the other; `yes` and `maybe` are where a trie leaves its answer.
 */
export class PathQuery {
  text: string = "";
  /** Segments scanned: all of the path's, or one more than any rule's path has. */
  segmentCount: number = 0;
  /** Whether the path ends in `/`; only meaningful where all segments were scanned. */
  trailingSlash: boolean = false;
  hashes: Int32Array = new Int32Array(16);
  /** Where each segment starts; one more entry, one past the `/` or end after the last. */
  starts: Int32Array = new Int32Array(17);
  /** Numbers of row sets of the trie that was asked last. */
  yes: number = 0;
  maybe: number = 0;

  /**
   * @param text begins with `/`.
   * @param end length of the path in `text`.
   * @param depth segments of the longest path of any rule.
   */
  scan(text: string, end: number, depth: number): void {
    if (this.hashes.length <= depth) {
      this.hashes = new Int32Array(depth * 2);
      this.starts = new Int32Array(depth * 2 + 1);
    }
    this.text = text;
    this.trailingSlash = text.charCodeAt(end - 1) === SLASH;
    const bodyEnd = this.trailingSlash ? end - 1 : end;
    let count = 0;
    let at = 1;
    while (at <= bodyEnd && count <= depth) {
      this.starts[count] = at;
      let hash = SEGMENT_HASH_START;
      for (; at < bodyEnd; at++) {
        const char = text.charCodeAt(at);
        if (char === SLASH) break;
        hash = addToSegmentHash(hash, char);
      }
      this.hashes[count] = hash;
      count++;
      at++;
      this.starts[count] = at;
    }
    this.segmentCount = count;
  }
}

/** FNV-1a over the chars of one segment; tries hash their own segments with the same two. */
export const SEGMENT_HASH_START: number = 0x811c9dc5 | 0;

export function addToSegmentHash(hash: number, char: number): number {
  return Math.imul(hash ^ char, 0x01000193);
}
