/**
 * Finds fields in the rules of a policy or profile that this version of the protocol does not have.
 *
 * Protobuf passes over them in silence. In a rule such a field may be a condition, and the rule without it would apply to more
 * than its author meant: so whoever receives one must not judge by the rest alone. Around the rules, and in their
 * metadata, unknown fields are passed over: nothing there narrows a rule.
 */
import { loadDefinition } from "envoy-ext-authz-proto";
import { NOTHING, WIRE_BYTES, WireReader } from "../base/wire-reader.ts";

/** Field number to the message type of its content; undefined for anything else, whose content is not looked into. */
type Fields = ReadonlyMap<number, string | undefined>;

/** Where policies and profiles stand in a ToDataplane, and what stands there. */
const UPDATES: ReadonlyMap<number, string> = new Map([
  [5, "ActiveProfileUpdate"],
  [7, "ActivePolicyUpdate"],
]);

/** Update, policy, rule. */
const RULE_DEPTH = 2;
/** Of a rule: annotations for people. */
const METADATA = "RuleMetadata";

/** No message of the protocol nests as deep; bounds the recursion. */
const DEPTH_MAX = 8;

/** @param bytes a whole ToDataplane that has been decoded without an error. */
export function hasUnknownRuleField(bytes: Uint8Array): boolean {
  const reader = new WireReader();
  reader.reset(bytes);
  while (reader.nextField(bytes.length)) {
    const update = UPDATES.get(reader.field);
    if (update === undefined || reader.wireType !== WIRE_BYTES) {
      reader.skip(bytes.length);
      continue;
    }
    const end = reader.contentEnd(bytes.length);
    if (end === NOTHING || hasUnknown(reader, end, update, 0)) return true;
  }
  return reader.failed;
}

function hasUnknown(reader: WireReader, end: number, type: string, depth: number): boolean {
  const fields = fieldsOf(type);
  const isInRule = depth >= RULE_DEPTH;
  if (fields === undefined || depth > DEPTH_MAX) return true;
  while (reader.nextField(end)) {
    if (isInRule && !fields.has(reader.field)) return true;
    const content = fields.get(reader.field);
    if (content === undefined || content === METADATA || reader.wireType !== WIRE_BYTES) {
      reader.skip(end);
      continue;
    }
    const contentEnd = reader.contentEnd(end);
    if (contentEnd === NOTHING || hasUnknown(reader, contentEnd, content, depth + 1)) return true;
  }
  return reader.failed;
}

const known = new Map<string, Fields | undefined>();

/** From the protocol texts themselves, so that no second list of numbers has to be kept. */
function fieldsOf(type: string): Fields | undefined {
  if (!known.has(type)) known.set(type, readFields(type));
  return known.get(type);
}

type Descriptor = {
  readonly field: readonly { readonly number: number; readonly type: string; readonly typeName: string }[];
};

function readFields(type: string): Fields | undefined {
  const definition = loadDefinition();
  const entry = definition[`felix.${type}`] as { readonly type?: Descriptor } | undefined;
  if (entry?.type === undefined) return undefined;
  return new Map(
    entry.type.field.map((field) => {
      // Entries of maps are texts, and their types are not among the definitions.
      const isMessage = field.type === "TYPE_MESSAGE" && `felix.${field.typeName}` in definition;
      return [field.number, isMessage ? field.typeName : undefined];
    }),
  );
}
