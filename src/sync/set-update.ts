import type { Steps } from "../base/steps.ts";
import { NOTHING, WIRE_BYTES, WIRE_VARINT, WireReader } from "../base/wire-reader.ts";
import type { IpSetType, Message } from "../policy/messages.ts";

/** Members read in one step; some tenths of a millisecond. */
const STEP_MEMBERS = 2_048;

/** Field numbers of ToDataplane. */
const SET_UPDATE = 2;
const SET_DELTA_UPDATE = 3;
const SEQUENCE_NUMBER = 15;
const MORE = 1000;

/** Of IPSetUpdate and IPSetDeltaUpdate. */
const ID = 1;
const MEMBERS = 2; // added ones, of a delta
const TYPE = 3;
const REMOVED_MEMBERS = 3;
const INCOMPLETE = 1000;

const TYPES: readonly IpSetType[] = ["IP", "IP_AND_PORT", "NET"];

type SetUpdate = Extract<Message, { kind: "ipset_update" | "ipset_delta_update" }>;

/**
 * Reads a ToDataplane that brings members of a set, in steps: one message may hold 80,000 of them, and the general reader makes an object
 * of all at once.
 *
 * @returns undefined for any other message, and for one that says something twice or in a way that is not the usual: for the general reader.
 */
export function* readSetUpdate(
  bytes: Buffer,
): Steps<{ readonly message: SetUpdate; readonly more: boolean } | undefined> {
  const reader = new WireReader();
  reader.reset(bytes);
  let message: SetUpdate | undefined;
  let more = false;
  while (reader.nextField(bytes.length)) {
    const { field, wireType } = reader;
    if ((field === SET_UPDATE || field === SET_DELTA_UPDATE) && wireType === WIRE_BYTES) {
      const end = reader.contentEnd(bytes.length);
      if (end === NOTHING || message !== undefined) return undefined;
      message = field === SET_UPDATE ? yield* readUpdate(reader, end) : yield* readDelta(reader, end);
      if (message === undefined) return undefined;
    } else if (field === MORE && wireType === WIRE_VARINT) {
      more = reader.varint32(bytes.length) !== 0;
    } else if (field === SEQUENCE_NUMBER && wireType === WIRE_VARINT) {
      reader.skip(bytes.length);
    } else {
      return undefined;
    }
  }
  return reader.failed || message === undefined ? undefined : { message, more };
}

function* readUpdate(reader: WireReader, end: number): Steps<SetUpdate | undefined> {
  const members: string[] = [];
  let id = "";
  let type = 0;
  let incomplete = false;
  while (reader.nextField(end)) {
    const { field, wireType } = reader;
    if (field === MEMBERS && wireType === WIRE_BYTES) {
      members.push(readText(reader, end));
      if (members.length % STEP_MEMBERS === 0) yield;
    } else if (field === ID && wireType === WIRE_BYTES) id = readText(reader, end);
    else if (field === TYPE && wireType === WIRE_VARINT) type = reader.varint32(end);
    else if (field === INCOMPLETE && wireType === WIRE_VARINT) incomplete = reader.varint32(end) !== 0;
    else return undefined;
  }
  const named = TYPES[type];
  if (reader.failed || named === undefined) return undefined;
  return { kind: "ipset_update", id, type: named, members, incomplete };
}

function* readDelta(reader: WireReader, end: number): Steps<SetUpdate | undefined> {
  const addedMembers: string[] = [];
  const removedMembers: string[] = [];
  let id = "";
  let count = 0;
  while (reader.nextField(end)) {
    if (reader.wireType !== WIRE_BYTES) return undefined;
    if (reader.field === MEMBERS) addedMembers.push(readText(reader, end));
    else if (reader.field === REMOVED_MEMBERS) removedMembers.push(readText(reader, end));
    else if (reader.field === ID) id = readText(reader, end);
    else return undefined;
    if (++count % STEP_MEMBERS === 0) yield;
  }
  return reader.failed ? undefined : { kind: "ipset_delta_update", id, addedMembers, removedMembers };
}

function readText(reader: WireReader, end: number): string {
  const textEnd = reader.contentEnd(end);
  if (textEnd === NOTHING) return "";
  const { bytes, offset } = reader;
  reader.offset = textEnd;
  return (bytes as Buffer).toString("utf8", offset, textEnd);
}
