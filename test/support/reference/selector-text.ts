/**
 * The selector language for the reference evaluator: text straight to a three-valued predicate on labels.
 * Written from the grammar alone; shares nothing with `src/selector`.
 */
import { type Answer, all, any, fromBoolean, negate } from "./answers.ts";

export type LabelMap = ReadonlyMap<string, string>;

/** What `all()` and `global()` say; the language itself makes both true, policy gives them narrower meanings. */
export type Meaning = { readonly all: Answer; readonly global: Answer };

/** `undefined` labels: nobody knows them, so that every question about one is unknown. */
export type Predicate = (labels: LabelMap | undefined, meaning: Meaning) => Answer;

export const PLAIN_MEANING: Meaning = { all: "yes", global: "yes" };

/** A question about labels, unknown where they are. */
function term(test: (labels: LabelMap) => boolean): Predicate {
  return (labels) => (labels === undefined ? "unknown" : fromBoolean(test(labels)));
}

/** Undefined: the text is not a selector. Empty or blank text selects everything. */
export function readSelectorText(text: string): Predicate | undefined {
  if (/^[ \t]*$/.test(text)) return (_labels, meaning) => meaning.all;
  const reader = new SelectorReader(text);
  try {
    const predicate = reader.or();
    reader.end();
    return predicate;
  } catch (reason) {
    if (reason instanceof NotASelector) return undefined;
    throw reason;
  }
}

class NotASelector extends Error {}

class SelectorReader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  or(): Predicate {
    const operands = [this.and()];
    while (this.take(/^\|\|/) !== undefined) operands.push(this.and());
    return (labels, meaning) => any(operands.map((operand) => operand(labels, meaning)));
  }

  and(): Predicate {
    const operands = [this.unary()];
    while (this.take(/^&&/) !== undefined) operands.push(this.unary());
    return (labels, meaning) => all(operands.map((operand) => operand(labels, meaning)));
  }

  unary(): Predicate {
    if (this.take(/^!/) !== undefined) {
      const operand = this.unary();
      return (labels, meaning) => negate(operand(labels, meaning));
    }
    if (this.take(/^\(/) !== undefined) {
      const inner = this.or();
      this.need(/^\)/);
      return inner;
    }
    if (this.take(/^all\([ \t]*\)/) !== undefined) return (_labels, meaning) => meaning.all;
    if (this.take(/^global\([ \t]*\)/) !== undefined) return (_labels, meaning) => meaning.global;
    if (this.take(/^has\(/) !== undefined) {
      const label = this.label();
      this.need(/^\)/);
      return term((labels) => labels.has(label));
    }
    return this.comparison();
  }

  comparison(): Predicate {
    const label = this.label();
    if (this.take(/^==/) !== undefined) {
      const value = this.string();
      return term((labels) => labels.get(label) === value);
    }
    if (this.take(/^!=/) !== undefined) {
      const value = this.string();
      return term((labels) => labels.get(label) !== value);
    }
    if (this.take(/^contains(?![A-Za-z0-9_./-])/) !== undefined) {
      const value = this.string();
      return term((labels) => labels.get(label)?.includes(value) ?? false);
    }
    if (this.take(/^starts[ \t]*with(?![A-Za-z0-9_./-])/) !== undefined) {
      const value = this.string();
      return term((labels) => labels.get(label)?.startsWith(value) ?? false);
    }
    if (this.take(/^ends[ \t]*with(?![A-Za-z0-9_./-])/) !== undefined) {
      const value = this.string();
      return term((labels) => labels.get(label)?.endsWith(value) ?? false);
    }
    const negated = this.take(/^not[ \t]*in(?![A-Za-z0-9_./-])/) !== undefined;
    if (!negated) this.need(/^in(?![A-Za-z0-9_./-])/);
    const values = this.set();
    return term((labels) => {
      const value = labels.get(label);
      return (value !== undefined && values.includes(value)) !== negated;
    });
  }

  set(): string[] {
    this.need(/^\{/);
    const values: string[] = [];
    if (this.take(/^\}/) !== undefined) return values;
    for (;;) {
      values.push(this.string());
      if (this.take(/^\}/) !== undefined) return values;
      this.need(/^,/);
      if (this.take(/^\}/) !== undefined) return values;
    }
  }

  string(): string {
    return this.need(/^("[^"]*"|'[^']*')/).slice(1, -1);
  }

  label(): string {
    return this.need(/^[A-Za-z0-9_./-]{1,512}(?![A-Za-z0-9_./-])/);
  }

  end(): void {
    this.need(/^$/);
  }

  take(pattern: RegExp): string | undefined {
    const rest = this.#text.slice(this.#at);
    const blanks = /^[ \t]*/.exec(rest)![0].length;
    const found = pattern.exec(rest.slice(blanks));
    if (found === null) return undefined;
    this.#at += blanks + found[0].length;
    return found[0];
  }

  need(pattern: RegExp): string {
    const found = this.take(pattern);
    if (found === undefined) throw new NotASelector(`at ${this.#at}`);
    return found;
  }
}
