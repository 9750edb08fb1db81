import { type BitSet, createBitSet, setBit } from "../../base/bit-set.ts";
import { type Answer, andAnswers, NO, notAnswer, toAnswer, UNKNOWN, YES } from "../answer.ts";
import { ADDRESS_NONE, PROTOCOL_UNKNOWN } from "../flow.ts";
import type { ProtocolModel, RuleModel } from "./rule-model.ts";

/**
 * From protocol and IP versions to the rules whose clauses about them are satisfied. Rules of unusable objects are
 * unknown here, and so unknown as a whole.
 *
 * The few combinations that occur are computed when they first do, and kept.
 */
export class ProtocolColumn {
  /** Rows with a clause that is not understood, or of an unusable object. */
  readonly bad: BitSet;
  /** Rows that are unknown whatever is asked: of unusable objects. */
  readonly unusable: BitSet;
  readonly #models: readonly (RuleModel | undefined)[];
  readonly #answers = new Map<number, ProtocolRows>();

  private constructor(models: readonly (RuleModel | undefined)[]) {
    this.#models = models;
    this.bad = createBitSet(models.length);
    this.unusable = createBitSet(models.length);
    for (const [row, model] of models.entries()) {
      if (model === undefined) continue;
      if (isBad(model)) setBit(this.bad, row);
      if (!model.usable) setBit(this.unusable, row);
    }
  }

  /** Undefined where no rule has such a clause. */
  static compile(models: readonly (RuleModel | undefined)[]): ProtocolColumn | undefined {
    return models.some((model) => model !== undefined && hasClause(model))
      ? new ProtocolColumn(models)
      : undefined;
  }

  /** @param protocol 0–255. @param sourceFamily with destinationFamily: 0, 4 or 6. */
  rowsOf(protocol: number, sourceFamily: number, destinationFamily: number): ProtocolRows {
    const key = (protocol << 6) | (sourceFamily << 3) | destinationFamily;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const rows = this.#compute(protocol, sourceFamily, destinationFamily);
    this.#answers.set(key, rows);
    return rows;
  }

  #compute(protocol: number, sourceFamily: number, destinationFamily: number): ProtocolRows {
    const yes = createBitSet(this.#models.length);
    const maybe = createBitSet(this.#models.length);
    let differ = false;
    for (const [row, model] of this.#models.entries()) {
      const answer =
        model === undefined ? YES : answerProtocolClauses(model, protocol, sourceFamily, destinationFamily);
      if (answer === YES) setBit(yes, row);
      if (answer !== NO) setBit(maybe, row);
      if (answer === UNKNOWN) differ = true;
    }
    return { yes, maybe: differ ? maybe : yes };
  }
}

/** `maybe` is the same object as `yes` where nothing is unknown. Shared, do not mutate. */
export type ProtocolRows = { readonly yes: BitSet; readonly maybe: BitSet };

function answerProtocolClauses(
  model: RuleModel,
  protocol: number,
  sourceFamily: number,
  destinationFamily: number,
): Answer {
  if (!model.usable) return UNKNOWN;
  let answer: Answer = model.isIcmp ? NO : YES;
  if (model.protocol !== undefined) {
    answer = andAnswers(answer, answerProtocol(model.protocol, protocol));
  }
  if (model.notProtocol !== undefined) {
    answer = andAnswers(answer, notAnswer(answerProtocol(model.notProtocol, protocol)));
  }
  if (model.ipVersion !== undefined) {
    answer = andAnswers(answer, answerIpVersion(model.ipVersion, sourceFamily, destinationFamily));
  }
  return answer;
}

/** Whether a rule's protocol is the connection's. */
export function answerProtocol(clause: ProtocolModel, protocol: number): Answer {
  if (clause === "bad" || protocol === PROTOCOL_UNKNOWN) return UNKNOWN;
  return toAnswer(clause === protocol);
}

/** Both sides tell: where they disagree, or one has no IP address, nobody knows which version the connection has. */
export function answerIpVersion(
  version: 4 | 6 | "bad",
  sourceFamily: number,
  destinationFamily: number,
): Answer {
  if (version === "bad" || sourceFamily !== destinationFamily || sourceFamily === ADDRESS_NONE)
    return UNKNOWN;
  return toAnswer(sourceFamily === version);
}

function isBad(model: RuleModel): boolean {
  return (
    !model.usable || model.protocol === "bad" || model.notProtocol === "bad" || model.ipVersion === "bad"
  );
}

function hasClause(model: RuleModel): boolean {
  return (
    !model.usable ||
    model.isIcmp ||
    model.protocol !== undefined ||
    model.notProtocol !== undefined ||
    model.ipVersion !== undefined
  );
}
