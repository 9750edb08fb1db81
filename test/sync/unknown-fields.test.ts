import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/policy/messages.ts";
import { messageBytes, readMessage, tailBytes } from "../../src/sync/wire.ts";
import { policyMessage, profileMessage } from "../support/node-history.ts";

/** A length-delimited field; numbers and lengths as they come here fit two bytes. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, value >> 7]);
}

const ALLOW = field(1, Buffer.from("allow"));
const ID = field(
  1,
  Buffer.concat([field(2, Buffer.from("p")), field(4, Buffer.from("GlobalNetworkPolicy"))]),
);

function policyWith(rule: Buffer, more: Buffer = Buffer.alloc(0)): Buffer {
  return field(7, Buffer.concat([ID, field(2, Buffer.concat([field(1, rule), more]))]));
}

function profileWith(rule: Buffer): Buffer {
  return field(5, Buffer.concat([field(1, field(1, Buffer.from("p"))), field(2, field(1, rule))]));
}

function unusable(bytes: Buffer): string {
  const read = readMessage(bytes);
  assert.ok(read.ok, "the bytes are a message");
  const { message } = read.value;
  if (message?.kind === "active_policy_update") return message.policy.unusable;
  if (message?.kind === "active_profile_update") return message.profile.unusable;
  return assert.fail("not a policy or profile");
}

describe("a received rule", () => {
  const refused = [
    {
      name: "a field that no version had",
      bytes: policyWith(Buffer.concat([ALLOW, field(999, Buffer.from("x"))])),
    },
    {
      name: "a number that is reserved",
      bytes: policyWith(Buffer.concat([ALLOW, varint(14 << 3), varint(1)])),
    },
    {
      name: "an unknown field of its HTTP match",
      bytes: policyWith(
        Buffer.concat([
          ALLOW,
          field(122, Buffer.concat([field(1, Buffer.from("GET")), field(3, Buffer.from("h"))])),
        ]),
      ),
    },
    {
      name: "an unknown field of its service account match",
      bytes: policyWith(Buffer.concat([ALLOW, field(120, field(7, Buffer.from("x")))])),
    },
    {
      name: "an unknown field, in a profile",
      bytes: profileWith(Buffer.concat([ALLOW, field(999, Buffer.from("x"))])),
    },
  ];
  for (const { name, bytes } of refused) {
    it(`makes its object refuse, with ${name}`, () => {
      assert.match(unusable(bytes), /does not know/);
    });
  }

  const taken = [
    { name: "known fields only", bytes: policyWith(ALLOW) },
    {
      name: "an HTTP match",
      bytes: policyWith(Buffer.concat([ALLOW, field(122, field(1, Buffer.from("GET")))])),
    },
    {
      name: "an unknown field in its metadata",
      bytes: policyWith(Buffer.concat([ALLOW, field(123, field(9, Buffer.from("x")))])),
    },
    {
      name: "an unknown field beside it in the policy",
      bytes: policyWith(ALLOW, field(99, Buffer.from("x"))),
    },
    {
      name: "what our own agent sends",
      bytes: Buffer.concat([messageBytes(policyMessage("p", ["s:1"])), tailBytes(7, true)]),
    },
    { name: "what our own agent sends of a profile", bytes: messageBytes(profileMessage("p", ["s:1"])) },
  ];
  for (const { name, bytes } of taken) {
    it(`is taken with ${name}`, () => {
      assert.equal(unusable(bytes), "");
    });
  }

  it("is passed over with the whole message, for a payload of a later protocol", () => {
    const read = readMessage(field(40, Buffer.from("x")));
    assert.deepEqual(read, {
      ok: true,
      value: { message: undefined satisfies Message | undefined, more: false },
    });
  });
});
