import type { HeaderSink } from "./hpack-decoder.ts";

/** The fields before a request's body, validated by RFC 9113 §8. */
export type RequestHead = {
  readonly method: string;
  /** Empty for CONNECT, which has none. */
  readonly path: string;
  /** `content-length`, -1 where there is none. */
  readonly bodyBytes: number;
  /** All fields but those that begin with a colon; values of one name are joined by `, `. */
  readonly fields: ReadonlyMap<string, string>;
};

/** Bits for the pseudo-header fields, each of which may come once. */
const METHOD = 1;
const SCHEME = 2;
const AUTHORITY = 4;
const PATH = 8;
const PSEUDO_FIELDS: ReadonlyMap<string, number> = new Map([
  [":method", METHOD],
  [":scheme", SCHEME],
  [":authority", AUTHORITY],
  [":path", PATH],
]);

/** RFC 9113 §8.2.2: these speak of a connection, which HTTP/2 does otherwise. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** Takes a decoded header block's fields and says whether they make a request, or trailers. */
export class HeadReader implements HeaderSink {
  #isTrailers = false;
  #isMalformed = false;
  #pseudo = 0;
  #method = "";
  #path = "";
  #bodyBytes = -1;
  #fields = new Map<string, string>();

  reset(kind: "request" | "trailers"): void {
    this.#isTrailers = kind === "trailers";
    this.#isMalformed = false;
    this.#pseudo = 0;
    this.#method = "";
    this.#path = "";
    this.#bodyBytes = -1;
    this.#fields = new Map();
  }

  header(name: string, value: string): void {
    if (this.#isMalformed) return;
    if (!isFieldValue(value)) this.#isMalformed = true;
    else if (name.charCodeAt(0) === COLON) this.#pseudoField(name, value);
    else this.#field(name, value);
  }

  /** Whether the trailers since `reset()` are ones. */
  get areTrailersGood(): boolean {
    return this.#isTrailers && !this.#isMalformed;
  }

  /** The request's head, undefined where the fields since `reset()` make none. */
  finish(): RequestHead | undefined {
    const required = this.#method === "CONNECT" ? METHOD : METHOD | SCHEME | PATH;
    const forbidden = this.#method === "CONNECT" ? SCHEME | PATH : 0;
    if (this.#isMalformed || this.#isTrailers) return undefined;
    if ((this.#pseudo & required) !== required || (this.#pseudo & forbidden) !== 0) return undefined;
    return { method: this.#method, path: this.#path, bodyBytes: this.#bodyBytes, fields: this.#fields };
  }

  #pseudoField(name: string, value: string): void {
    const bit = PSEUDO_FIELDS.get(name);
    // They come first, once each, and not among trailers.
    if (bit === undefined || (this.#pseudo & bit) !== 0 || this.#fields.size > 0 || this.#isTrailers) {
      this.#isMalformed = true;
      return;
    }
    this.#pseudo |= bit;
    if (bit === METHOD) this.#method = value;
    if (bit === PATH) {
      this.#path = value;
      if (value.charCodeAt(0) !== SLASH && value !== "*") this.#isMalformed = true;
    }
  }

  #field(name: string, value: string): void {
    if (!isFieldName(name) || CONNECTION_FIELDS.has(name) || (name === "te" && value !== "trailers")) {
      this.#isMalformed = true;
      return;
    }
    const before = this.#fields.get(name);
    if (name === "content-length") {
      this.#bodyBytes = parseLength(value);
      if (this.#bodyBytes < 0 || (before !== undefined && before !== value)) this.#isMalformed = true;
      this.#fields.set(name, value);
      return;
    }
    this.#fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
}

const COLON = 0x3a;
const SLASH = 0x2f;

/** Digits only; -1 for anything else and for what no body can be. */
function parseLength(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) return -1;
  return Number(text);
}

/** RFC 9110 §5.6.2, but for capital letters, which HTTP/2 forbids. */
function isFieldName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

/** RFC 9113 §8.2.1. */
function isFieldValue(value: string): boolean {
  return !/[\0\r\n]|^[ \t]|[ \t]$/.test(value);
}
