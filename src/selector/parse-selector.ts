/**
 * Text to selector tree, by recursive descent (docs/semantics.md, "Selectors").
 *
 * ```
 * selector = [ or ]                              empty or blank is all()
 * or       = and { "||" and }
 * and      = unary { "&&" unary }
 * unary    = { "!" } primary
 * primary  = "(" or ")" | "all(" ")" | "global(" ")" | "has(" label ")"
 *          | label "==" string | label "!=" string
 *          | label "contains" string | label "starts" "with" string | label "ends" "with" string
 *          | label "in" set | label "not" "in" set
 * set      = "{" [ string { "," string } [ "," ] ] "}"
 * string   = "…" | '…'                           no escapes
 * label    = 1 to 512 of A–Z a–z 0–9 _ . / -
 * ```
 *
 * Spaces and tabs may stand between all tokens and inside the parentheses; nothing else counts as space. `all(`,
 * `global(` and `has(` are keywords only with the parenthesis adjacent, so labels may have those names.
 */
import { LABEL_NAME_MAX_CHARS, SELECTOR_DEPTH_MAX, SELECTOR_TEXT_MAX_CHARS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ALL, and, equals, GLOBAL, has, isIn, isNotIn, not, or, type Selector } from "./selector.ts";

export type SelectorError = {
  /** One lower-case sentence. */
  readonly message: string;
  /** Index into the text, in UTF-16 units, of where it went wrong; the text's length for "ended too early". */
  readonly offset: number;
};

/** Parses a whole selector; time is linear in the text, recursion is at most `SELECTOR_DEPTH_MAX` levels deep. */
export function parseSelector(text: string): Result<Selector, SelectorError> {
  if (text.length > SELECTOR_TEXT_MAX_CHARS) {
    const message = `selector is longer than ${SELECTOR_TEXT_MAX_CHARS} characters`;
    return err({ message, offset: SELECTOR_TEXT_MAX_CHARS });
  }
  try {
    return ok(new Parser(text).parse());
  } catch (reason) {
    if (reason instanceof Refusal) return err({ message: reason.message, offset: reason.offset });
    throw reason;
  }
}

/** Leaves the descent at the first error; never seen outside this file. */
class Refusal extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

class Parser {
  readonly #text: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Selector {
    this.#skipSpace();
    if (this.#atEnd()) return ALL;
    const selector = this.#parseOr();
    if (!this.#atEnd()) this.#refuse("expected `&&`, `||` or the end");
    return selector;
  }

  #parseOr(): Selector {
    const operands = [this.#parseAnd()];
    while (this.#take("||")) operands.push(this.#parseAnd());
    return or(...operands);
  }

  #parseAnd(): Selector {
    const operands = [this.#parseUnary()];
    while (this.#take("&&")) operands.push(this.#parseUnary());
    return and(...operands);
  }

  #parseUnary(): Selector {
    let negated = false;
    while (this.#take("!")) negated = !negated;
    const selector = this.#parsePrimary();
    return negated ? not(selector) : selector;
  }

  #parsePrimary(): Selector {
    if (this.#take("(")) return this.#parseParenthesised();
    if (this.#take("all(")) return this.#close(ALL);
    if (this.#take("global(")) return this.#close(GLOBAL);
    if (this.#take("has(")) return this.#close(has(this.#parseLabel()));
    return this.#parseComparison(this.#parseLabel());
  }

  #parseParenthesised(): Selector {
    this.#depth++;
    if (this.#depth > SELECTOR_DEPTH_MAX) {
      this.#refuse(`parentheses are nested more than ${SELECTOR_DEPTH_MAX} deep`);
    }
    const selector = this.#close(this.#parseOr());
    this.#depth--;
    return selector;
  }

  #parseComparison(label: string): Selector {
    if (this.#take("==")) return equals(label, this.#parseString());
    if (this.#take("!=")) return { op: "ne", label, value: this.#parseString() };
    if (this.#takeWords("contains")) return { op: "contains", label, value: this.#parseString() };
    if (this.#takeWords("starts", "with")) return { op: "startsWith", label, value: this.#parseString() };
    if (this.#takeWords("ends", "with")) return { op: "endsWith", label, value: this.#parseString() };
    if (this.#takeWords("in")) return isIn(label, this.#parseSet());
    if (this.#takeWords("not", "in")) return isNotIn(label, this.#parseSet());
    return this.#refuse(
      "expected `==`, `!=`, `in`, `not in`, `contains`, `starts with` or `ends with` after a label",
    );
  }

  #parseLabel(): string {
    const start = this.#offset;
    let end = start;
    while (isLabelUnit(this.#text.charCodeAt(end))) end++;
    if (end === start) this.#refuse("expected a label, `has(…)`, `all()`, `global()`, `!` or `(`");
    if (end - start > LABEL_NAME_MAX_CHARS) {
      this.#refuse(`label name is longer than ${LABEL_NAME_MAX_CHARS} characters`);
    }
    this.#moveTo(end);
    return this.#text.slice(start, end);
  }

  #parseString(): string {
    const start = this.#offset;
    const quote = this.#text[start];
    if (quote !== '"' && quote !== "'") this.#refuse("expected a value in quotes");
    const end = this.#text.indexOf(quote, start + 1);
    if (end === -1) this.#refuse("quoted value does not end");
    const value = this.#text.slice(start + 1, end);
    if (hasLoneSurrogate(value)) this.#refuse("quoted value is not valid Unicode");
    this.#moveTo(end + 1);
    return value;
  }

  #parseSet(): string[] {
    if (!this.#take("{")) this.#refuse("expected `{`");
    const values: string[] = [];
    while (!this.#take("}")) {
      values.push(this.#parseString());
      if (this.#take(",")) continue;
      if (!this.#take("}")) this.#refuse("expected `,` or `}`");
      return values;
    }
    return values;
  }

  #close(selector: Selector): Selector {
    if (!this.#take(")")) this.#refuse("expected `)`");
    return selector;
  }

  /** Steps over `token`, and the space after it, if it stands here. */
  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#offset)) return false;
    this.#moveTo(this.#offset + token.length);
    return true;
  }

  /** Like `#take` for words that may have space between them and must not run on into a label. */
  #takeWords(first: string, second = ""): boolean {
    if (!this.#text.startsWith(first, this.#offset)) return false;
    let end = this.#offset + first.length;
    if (second !== "") {
      end = this.#pastSpace(end);
      if (!this.#text.startsWith(second, end)) return false;
      end += second.length;
    }
    if (isLabelUnit(this.#text.charCodeAt(end))) return false;
    this.#moveTo(end);
    return true;
  }

  #atEnd(): boolean {
    return this.#offset === this.#text.length;
  }

  #moveTo(offset: number): void {
    this.#offset = offset;
    this.#skipSpace();
  }

  #skipSpace(): void {
    this.#offset = this.#pastSpace(this.#offset);
  }

  #pastSpace(offset: number): number {
    let end = offset;
    while (this.#text[end] === " " || this.#text[end] === "\t") end++;
    return end;
  }

  #refuse(message: string): never {
    throw new Refusal(message, this.#offset);
  }
}

/** Whether a UTF-16 unit may stand in a label name; false for the NaN past the end. */
export function isLabelUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) || // a–z
    (unit >= 0x41 && unit <= 0x5a) || // A–Z
    (unit >= 0x2d && unit <= 0x39) || // - . / 0–9
    unit === 0x5f // _
  );
}

/** Half a surrogate pair has no UTF-8 form, so two different such values would get one id. */
function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
