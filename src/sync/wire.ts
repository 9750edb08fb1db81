/**
 * PolicySync messages to bytes and back.
 */
import { loadDefinition } from "envoy-ext-authz-proto";
import { toError } from "../base/assert.ts";
import type { Issue } from "../base/issue.ts";
import { err, type Result } from "../base/result.ts";
import { decodeMessage } from "../policy/decode-message.ts";
import { encodeMessage } from "../policy/encode-message.ts";
import type { Message } from "../policy/messages.ts";

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

/** `sequence_number` as bytes to put behind a message's own: protobuf fields may come in any order. */
export function sequenceBytes(sequence: number): Buffer {
  const bytes = [(15 << 3) | 0];
  let rest = sequence;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** An error's message says what is wrong with the bytes; it never throws. */
export function readMessage(bytes: Buffer): Result<Message, Issue> {
  let payload: object;
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
  return decodeMessage(payload);
}
