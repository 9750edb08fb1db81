import { assert } from "../base/assert.ts";
import { DENIAL_BODY_MAX_BYTES } from "../base/limits.ts";
import { STATUS_OK, STATUS_UNAUTHENTICATED, type Verdict } from "../policy/verdict.ts";
import { DECISION_ID_CHARS } from "./decision-id.ts";
import type { CheckVersion } from "./decode-check-request.ts";
import { encodeBytesField, encodeDoubleField, encodeStringField, encodeVarintField } from "./wire-writer.ts";

/** The response header that carries the decision id to a denied client. */
export const DECISION_HEADER = "x-ephor-decision";

type DenyVerdict = Verdict & { readonly allowed: false };

/**
 * Turns verdicts into CheckResponse bytes (docs/semantics.md, "Answers").
 *
 * A denial's bytes differ from request to request in the decision id only, and verdicts are shared by the requests they
 * answer; so each verdict's bytes are made once, with places where the id goes, and kept as long as the verdict lives.
 */
export class CheckResponseEncoder {
  readonly #body: string;
  readonly #templates: Record<CheckVersion, WeakMap<DenyVerdict, Template>> = {
    v2: new WeakMap(),
    v3: new WeakMap(),
  };

  /** @param body what a denied client reads, at most DENIAL_BODY_MAX_BYTES; empty for none. */
  constructor(body: string) {
    assert(Buffer.byteLength(body) <= DENIAL_BODY_MAX_BYTES, "a denial's body within its limit");
    this.#body = body;
  }

  /**
   * @param decisionId DECISION_ID_CHARS ASCII characters.
   * @returns bytes that the caller must not change.
   */
  encode(verdict: Verdict, decisionId: string, version: CheckVersion): Buffer {
    if (verdict.allowed) return ALLOWED;
    const templates = this.#templates[version];
    let template = templates.get(verdict);
    if (template === undefined) {
      template = encodeTemplate(verdict, this.#body, version);
      templates.set(verdict, template);
    }
    return fillTemplate(template, decisionId);
  }
}

// CheckResponse, DeniedHttpResponse, HeaderValueOption, HttpStatus and google.rpc.Status.
const RESPONSE_STATUS = 1;
const RESPONSE_DENIED = 2;
const RESPONSE_OK = 3;
const RESPONSE_DYNAMIC_METADATA = 4;
const DENIED_STATUS = 1;
const DENIED_HEADERS = 2;
const DENIED_BODY = 3;
const HEADER_OPTION_HEADER = 1;
const HEADER_KEY = 1;
const HEADER_VALUE = 2;
const HTTP_STATUS_CODE = 1;
const STATUS_CODE = 1;
// google.protobuf.Struct, its map entries, and Value.
const STRUCT_FIELDS = 1;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const VALUE_NUMBER = 2;
const VALUE_STRING = 3;

const HTTP_UNAUTHORIZED = 401;
const HTTP_FORBIDDEN = 403;

/** Code 0 spelt out, so that no reply of ours that allows is ever empty. */
const ALLOWED: Buffer = Buffer.concat([
  encodeBytesField(RESPONSE_STATUS, encodeVarintField(STATUS_CODE, STATUS_OK)),
  encodeBytesField(RESPONSE_OK),
]);

/** A denial with PLACEHOLDER where the decision id goes. */
type Template = { readonly bytes: Buffer; readonly idOffsets: readonly number[] };

/** Never valid UTF-8, so no text of an operator's can contain it. */
const PLACEHOLDER: Buffer = Buffer.alloc(DECISION_ID_CHARS, 0xff);

function encodeTemplate(verdict: DenyVerdict, body: string, version: CheckVersion): Template {
  const httpStatus = verdict.code === STATUS_UNAUTHENTICATED ? HTTP_UNAUTHORIZED : HTTP_FORBIDDEN;
  const bytes = Buffer.concat([
    encodeBytesField(RESPONSE_STATUS, encodeVarintField(STATUS_CODE, verdict.code)),
    encodeBytesField(
      RESPONSE_DENIED,
      encodeBytesField(DENIED_STATUS, encodeVarintField(HTTP_STATUS_CODE, httpStatus)),
      encodeBytesField(
        DENIED_HEADERS,
        encodeBytesField(
          HEADER_OPTION_HEADER,
          encodeStringField(HEADER_KEY, DECISION_HEADER),
          encodeBytesField(HEADER_VALUE, PLACEHOLDER),
        ),
      ),
      body === "" ? Buffer.alloc(0) : encodeStringField(DENIED_BODY, body),
    ),
    // v2 has no such field.
    version === "v3" ? encodeBytesField(RESPONSE_DYNAMIC_METADATA, encodeMetadata(verdict)) : Buffer.alloc(0),
  ]);
  const idOffsets: number[] = [];
  for (
    let at = bytes.indexOf(PLACEHOLDER);
    at !== -1;
    at = bytes.indexOf(PLACEHOLDER, at + DECISION_ID_CHARS)
  ) {
    idOffsets.push(at);
  }
  return { bytes, idOffsets };
}

function encodeMetadata(verdict: DenyVerdict): Buffer {
  const { decider } = verdict;
  const fields = [
    encodeEntry("decision_id", encodeBytesField(VALUE_STRING, PLACEHOLDER)),
    encodeEntry("reason", encodeStringField(VALUE_STRING, verdict.reason)),
    encodeEntry("revision", encodeDoubleField(VALUE_NUMBER, verdict.revision)),
  ];
  if (decider.kind !== "none")
    fields.push(encodeEntry("tier", encodeStringField(VALUE_STRING, decider.tier)));
  if (decider.kind === "rule") {
    fields.push(encodeEntry("policy", encodeStringField(VALUE_STRING, decider.policy)));
    fields.push(encodeEntry("rule_index", encodeDoubleField(VALUE_NUMBER, decider.ruleIndex)));
  }
  return Buffer.concat(fields);
}

function encodeEntry(key: string, value: Buffer): Buffer {
  return encodeBytesField(
    STRUCT_FIELDS,
    encodeStringField(ENTRY_KEY, key),
    encodeBytesField(ENTRY_VALUE, value),
  );
}

function fillTemplate(template: Template, decisionId: string): Buffer {
  const bytes = Buffer.allocUnsafe(template.bytes.length);
  template.bytes.copy(bytes);
  for (const offset of template.idOffsets) {
    for (let i = 0; i < DECISION_ID_CHARS; i++) bytes[offset + i] = decisionId.charCodeAt(i);
  }
  return bytes;
}
