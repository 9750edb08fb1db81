/**
 * PolicySync messages to bytes and back.
 */
import { loadDefinition } from "envoy-ext-authz-proto";
import { toError } from "../base/assert.ts";
import type { Issue } from "../base/issue.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finishSteps, type Steps } from "../base/steps.ts";
import { decodeMessageSteps } from "../policy/decode-message.ts";
import { encodeMessage } from "../policy/encode-message.ts";
import type { Message } from "../policy/messages.ts";
import { readSetUpdate } from "./set-update.ts";
import { hasUnknownRuleField } from "./unknown-fields.ts";

export const SYNC_PATH = "/felix.PolicySync/Sync";
export const REPORT_PATH = "/felix.PolicySync/Report";

type Codec = {
  readonly responseSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
};

let codec: Codec | undefined;

function syncCodec(): Codec {
  if (codec === undefined) {
    const service = loadDefinition()["felix.PolicySync"] as unknown as { readonly Sync: Codec };
    codec = service.Sync;
  }
  return codec;
}

const encoded = new WeakMap<Message, Buffer>();

/**
 * The message's bytes, without a sequence number. Made once for each message object however many streams send it: shared, do
 * not mutate.
 */
export function messageBytes(message: Message): Buffer {
  let bytes = encoded.get(message);
  if (bytes === undefined) {
    bytes = syncCodec().responseSerialize(encodeMessage(message));
    encoded.set(message, bytes);
  }
  return bytes;
}

/**
 * What differs from stream to stream, as bytes to put behind a message's own: protobuf fields may come in any order.
 *
 * @param more other messages of the same change follow.
 */
export function tailBytes(sequence: number, more: boolean): Buffer {
  const bytes = [SEQUENCE_TAG];
  let rest = sequence;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  if (more) bytes.push(...MORE);
  return Buffer.from(bytes);
}

/** Field 15, a varint. */
const SEQUENCE_TAG = 0x78;
/** Field 1000, a varint, and its value, 1. */
const MORE = [0xc0, 0x3e, 0x01];

export type ReceivedMessage = {
  /** Undefined for a payload of a later protocol, which is to be passed over. */
  readonly message: Message | undefined;
  /** Other messages of the same change follow. */
  readonly more: boolean;
};

/** An error's message says what is wrong with the bytes; it never throws. */
export function readMessage(bytes: Buffer): Result<ReceivedMessage, Issue> {
  return finishSteps(readMessageSteps(bytes));
}

/** The same in steps: members of sets come by the ten thousands, rules by the thousand. */
export function* readMessageSteps(bytes: Buffer): Steps<Result<ReceivedMessage, Issue>> {
  if (bytes.length >= LARGE_BYTES) {
    const update = yield* readSetUpdate(bytes);
    if (update !== undefined) return ok(update);
  }
  let payload: { more?: boolean; sequence_number?: string };
  try {
    payload = syncCodec().responseDeserialize(bytes);
  } catch (reason) {
    return err({
      severity: "error",
      code: "bad_message",
      where: "PolicySync",
      message: `not a ToDataplane message: ${toError(reason).message}`,
    });
  }
  const more = payload.more === true;
  delete payload.more;
  delete payload.sequence_number;
  if (Object.keys(payload).length === 0) return ok({ message: undefined, more });
  yield;
  const message = yield* decodeMessageSteps(payload);
  if (!message.ok) return message;
  yield;
  return ok({ message: guardRules(message.value, bytes), more });
}

/** Smaller messages are read in one step. */
const LARGE_BYTES = 65_536;

const UNKNOWN_FIELD = "a rule has a field that this version does not know";

/** A policy or profile whose rules can't be read whole refuses what they might have refused. */
function guardRules(message: Message, bytes: Buffer): Message {
  if (message.kind === "active_policy_update" && hasUnknownRuleField(bytes)) {
    return { ...message, policy: { ...message.policy, unusable: UNKNOWN_FIELD } };
  }
  if (message.kind === "active_profile_update" && hasUnknownRuleField(bytes)) {
    return { ...message, profile: { ...message.profile, unusable: UNKNOWN_FIELD } };
  }
  return message;
}
