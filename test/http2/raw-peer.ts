import type { Duplex } from "node:stream";
import { type Frame, FrameSplitter } from "./raw-frames.ts";

/** What a test waits for comes sooner than this, or not at all. */
const SILENCE_MAX_MS = 10_000;

/** One end of a connection that sends what it is told, sound or not, and keeps the frames that come. */
export class RawPeer {
  readonly frames: Frame[] = [];
  /** The other end has ended the connection, or it broke. */
  isClosed = false;
  readonly #stream: Duplex;
  readonly #splitter: FrameSplitter = new FrameSplitter();
  #onChange: () => void = () => {};

  /** @param prefaceBytes what comes before the first frame and is not looked at. */
  constructor(stream: Duplex, prefaceBytes = 0) {
    let skipped = 0;
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      const skip = Math.min(prefaceBytes - skipped, chunk.length);
      skipped += skip;
      this.frames.push(...this.#splitter.push(chunk.subarray(skip)));
      this.#onChange();
    });
    const close = (): void => {
      this.isClosed = true;
      this.#onChange();
    };
    for (const event of ["end", "close", "error"]) stream.on(event, close);
  }

  /** Sends bytes; on a closed connection they go nowhere. */
  write(...parts: readonly Uint8Array[]): void {
    if (!this.isClosed && this.#stream.writable) this.#stream.write(Buffer.concat(parts));
  }

  /** The first frame that fits, which may come yet; undefined where the connection ends without it. */
  async find(fits: (frame: Frame) => boolean, from = 0): Promise<Frame | undefined> {
    for (let at = from; ; ) {
      while (at < this.frames.length) {
        const next = this.frames[at++]!;
        if (fits(next)) return next;
      }
      if (this.isClosed) return undefined;
      await this.#change();
    }
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** The next time that something comes or the connection ends. */
  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const kinds = this.frames.slice(-10).map(({ type, streamId }) => `${type}/${streamId}`);
        reject(new Error(`nothing came for ${SILENCE_MAX_MS} ms; the last frames (type/stream): ${kinds}`));
      }, SILENCE_MAX_MS);
      this.#onChange = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
