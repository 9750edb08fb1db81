import { HEADER_LIST_MAX_BYTES, HEADER_TABLE_MAX_BYTES } from "../base/limits.ts";
import { HeadMemo, type KnownHead } from "./head-memo.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import type { RequestHandler } from "./request-handler.ts";
import { HeadReader } from "./request-head.ts";

/** Reads the header blocks of one connection, in their order, each exactly once. */
export class HeadDecoder<Call> {
  readonly #handler: RequestHandler<Call>;
  readonly #reader = new HeadReader();
  readonly #memo = new HeadMemo<Call>();
  readonly #decoder = new HpackDecoder({
    tableBytesMax: HEADER_TABLE_MAX_BYTES,
    listBytesMax: HEADER_LIST_MAX_BYTES,
  });

  constructor(handler: RequestHandler<Call>) {
    this.#handler = handler;
  }

  /** @returns `malformed` for what makes no request, `compression_error` where no later block can be read any more. */
  readRequest(
    bytes: Buffer,
    start: number,
    end: number,
  ): KnownHead<Call> | "malformed" | "compression_error" {
    const { revision } = this.#decoder;
    const known = this.#memo.find(bytes, start, end, revision);
    if (known !== undefined) return known;
    this.#reader.reset("request");
    switch (this.#decoder.decode(bytes, start, end, this.#reader)) {
      case "compression_error":
        return "compression_error";
      case "list_too_large":
        return { call: this.#handler.readLargeHead(), bodyBytes: -1 };
      case "ok": {
        const head = this.#reader.finish();
        if (head === undefined) return "malformed";
        const read = { call: this.#handler.readHead(head), bodyBytes: head.bodyBytes };
        if (this.#decoder.revision === revision) this.#memo.add(bytes, start, end, revision, read);
        return read;
      }
    }
  }

  readTrailers(bytes: Buffer, start: number, end: number): "good" | "malformed" | "compression_error" {
    this.#reader.reset("trailers");
    const status = this.#decoder.decode(bytes, start, end, this.#reader);
    if (status === "compression_error") return status;
    return status === "ok" && this.#reader.areTrailersGood ? "good" : "malformed";
  }
}
