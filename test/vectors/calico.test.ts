/**
 * Every recorded verdict, in `calico` semantics, put to the reference evaluator (which so is held to something that
 * nobody here wrote) and to the engine. test/authz puts them to the whole service.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { decodeMessageObject, flowFromAttributes } from "../support/recorded-vectors.ts";
import { EMPTY_STATE, foldMessages, referenceEvaluate } from "../support/reference-evaluator.ts";

const DIRECTORY = new URL("./calico/", import.meta.url);
const OPTIONS: PolicyOptions = { ...DEFAULT_POLICY_OPTIONS, semantics: "calico" };

type RecordedCase = {
  readonly id: string;
  readonly steps: readonly {
    readonly messages: readonly object[];
    readonly checks: readonly { readonly code: number; readonly attributes: object }[];
  }[];
};

const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".json"));
let judged = 0;

describe("recorded vectors", () => {
  for (const file of files) {
    it(`${file}: the oracle and the engine give every recorded code`, () => {
      const cases = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8")) as readonly RecordedCase[];
      for (const each of cases) {
        const builder = new SnapshotBuilder(OPTIONS);
        let state = EMPTY_STATE;
        for (const [index, step] of each.steps.entries()) {
          for (const payload of step.messages) {
            const message = decodeMessage(payload);
            assert.ok(message.ok);
            builder.apply([message.value]);
          }
          if (index === 0) builder.apply([{ kind: "in_sync" }]);
          state = foldMessages(state, step.messages.map(decodeMessageObject));
          const snapshot = builder.build(index);
          for (const [at, check] of step.checks.entries()) {
            const flow = flowFromAttributes(check.attributes);
            const where = `${each.id}, step ${index}, check ${at}`;
            assert.equal(referenceEvaluate(state, OPTIONS, flow).code, check.code, `oracle: ${where}`);
            assert.equal(evaluateSnapshot(snapshot, flow).code, check.code, `engine: ${where}`);
            judged++;
          }
        }
      }
    });
  }

  it("are all there", () => assert.equal(judged, 7_190));
});
