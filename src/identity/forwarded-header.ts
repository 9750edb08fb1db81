import { FORWARDED_ELEMENTS_MAX, FORWARDED_HEADER_MAX_CHARS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";

/** The header in which a proxy tells its upstream of its client's certificate, in lower case. */
export const FORWARDED_HEADER = "x-forwarded-client-cert";

/** What one proxy tells of its client; texts as written, unquoted. Undefined: not told. */
export type ForwardedElement = {
  /** URI names of the proxy's own certificate. */
  readonly by: readonly string[];
  /** SHA-256 of the client's certificate in DER, hexadecimal. */
  readonly hash: string | undefined;
  /** URL-encoded PEM. */
  readonly certificate: string | undefined;
  readonly chain: string | undefined;
  readonly subject: string | undefined;
  /** URI names of the client's certificate. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
};

const KEYS = ["by", "hash", "cert", "chain", "subject", "uri", "dns"] as const;
type Key = (typeof KEYS)[number];

/**
 * Parses `x-forwarded-client-cert` as Envoy documents it: elements separated by commas, one a proxy, the oldest first; in each `Key=Value`
 * pairs separated by semicolons; keys in any case; a value that holds `,`, `;` or `=` stands in double quotes, with `\"` for a quote.
 *
 * Strict: an unknown key, a key twice (but for By, URI and DNS), a quote that does not close, text outside the grammar, an empty element or
 * a control character refuse the whole header, since another reader might take it to say something else.
 */
export function parseForwardedHeader(text: string): Result<readonly ForwardedElement[], string> {
  if (text.length > FORWARDED_HEADER_MAX_CHARS) return err(`longer than ${FORWARDED_HEADER_MAX_CHARS} bytes`);
  const reader = new HeaderReader(text);
  const elements: ForwardedElement[] = [];
  for (;;) {
    const element = reader.element();
    if (!element.ok) return element;
    elements.push(element.value);
    if (reader.isAtEnd) return ok(elements);
    if (elements.length === FORWARDED_ELEMENTS_MAX)
      return err(`more than ${FORWARDED_ELEMENTS_MAX} elements`);
    reader.pass(",");
  }
}

class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Passes a separator and the blanks after it. */
  pass(separator: string): boolean {
    if (this.#text[this.#at] !== separator) return false;
    this.#at++;
    while (this.#text[this.#at] === " ") this.#at++;
    return true;
  }

  /** Reads up to a comma or the end, which stay. */
  element(): Result<ForwardedElement, string> {
    const values = new Map<Key, string[]>();
    do {
      const pair = this.#pair();
      if (!pair.ok) return pair;
      const { key, value } = pair.value;
      const before = values.get(key);
      if (before === undefined) values.set(key, [value]);
      else if (key === "by" || key === "uri" || key === "dns") before.push(value);
      else return err(`the key \`${key}\` is there twice in one element`);
    } while (this.pass(";"));
    if (!this.isAtEnd && this.#text[this.#at] !== ",") {
      return err(`text after a value, at offset ${this.#at}`);
    }
    return ok({
      by: values.get("by") ?? [],
      hash: values.get("hash")?.[0],
      certificate: values.get("cert")?.[0],
      chain: values.get("chain")?.[0],
      subject: values.get("subject")?.[0],
      uris: values.get("uri") ?? [],
      dnsNames: values.get("dns") ?? [],
    });
  }

  #pair(): Result<{ readonly key: Key; readonly value: string }, string> {
    const match = PAIR_KEY.exec(this.#text.slice(this.#at, this.#at + LONGEST_KEY_CHARS));
    const name = match?.[1]?.toLowerCase();
    const key = KEYS.find((each) => each === name);
    if (match === null || key === undefined) return err(`no known key at offset ${this.#at}`);
    this.#at += match[0].length;
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain();
    return value.ok ? ok({ key, value: value.value }) : value;
  }

  #plain(): Result<string, string> {
    const start = this.#at;
    while (!this.isAtEnd && !PLAIN_ENDS.includes(this.#text[this.#at] ?? "")) this.#at++;
    return checkValue(this.#text.slice(start, this.#at));
  }

  #quoted(): Result<string, string> {
    let value = "";
    for (this.#at++; !this.isAtEnd; this.#at++) {
      let char = this.#text[this.#at] ?? "";
      if (char === '"') {
        this.#at++;
        return checkValue(value);
      }
      if (char === "\\") {
        char = this.#text[++this.#at] ?? "";
        // Nothing else is ever escaped with a backslash by whoever writes such headers.
        if (char !== '"' && char !== "\\") return err(`an escape that is not known, at offset ${this.#at}`);
      }
      value += char;
    }
    return err("a quote that does not close");
  }
}

const PAIR_KEY = /^([A-Za-z]+)=/;
const LONGEST_KEY_CHARS = 16;
/** What ends a value that stands without quotes; a quote or an equals sign inside one is text outside the grammar. */
const PLAIN_ENDS = ',;"=';

function checkValue(value: string): Result<string, string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x1f\x7f]/.test(value) ? err("a value with control characters") : ok(value);
}
