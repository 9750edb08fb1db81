/** Random HPACK: sequences of blocks for one connection, some of them broken by a byte or two. */
import fc from "fast-check";
import { encodeHuffman, huffmanBytes } from "../../src/http2/hpack-huffman.ts";
import { field } from "./generate-fields.ts";
import { wire } from "./hpack-blocks.ts";

export type BlockSequence = { readonly tableBytesMax: number; readonly blocks: readonly Buffer[] };

const { concat } = Buffer;

/** Of the static table, of the dynamic one as far as it may be filled, and now and then of neither. */
const index = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 1, max: 61 }) },
  { weight: 40, arbitrary: fc.integer({ min: 62, max: 66 }) },
  { weight: 2, arbitrary: fc.integer({ min: 67, max: 120 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 61, 62, 127, 128, 300, 2 ** 31, 2 ** 35) },
);
/** Bytes that an integer is longer than it needs to be, when it has more than its prefix. */
const zeros = fc.oneof(
  { weight: 30, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) },
);
/** What a literal's first byte says of its future: inserted, not, never. */
const INSERTED = { prefixBits: 6, flags: 0x40 };
const literalForm = fc.constantFrom(
  INSERTED,
  INSERTED,
  { prefixBits: 4, flags: 0x00 },
  { prefixBits: 4, flags: 0x10 },
);

const literal = fc
  .tuple(literalForm, field, fc.boolean(), fc.boolean())
  .map(([{ flags }, [name, value], ...coded]) =>
    concat([Buffer.of(flags), text(name, coded[0]), text(value, coded[1])]),
  );
const literalOfKnownName = fc
  .tuple(literalForm, index, zeros, field, fc.boolean())
  .map(([{ prefixBits, flags }, name, more, [, value], isHuffman]) =>
    concat([wire.integer(name, prefixBits, flags, more), text(value, isHuffman)]),
  );
const indexed = fc.tuple(index, zeros).map(([number, more]) => wire.integer(number, 7, 0x80, more));
const representation: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: indexed },
  { weight: 4, arbitrary: literal },
  { weight: 2, arbitrary: literalOfKnownName },
);

const sizeUpdate = fc
  .tuple(fc.constantFrom(0, 33, 100, 200, 1_000, 4_095, 4_096, 4_097, 8_192), zeros)
  .map(([bytes, more]) => wire.integer(bytes, 5, 0x20, more));
const sizeUpdates = fc.oneof(
  { weight: 30, arbitrary: fc.constant([]) },
  { weight: 4, arbitrary: fc.array(sizeUpdate, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(sizeUpdate, { minLength: 3, maxLength: 3 }) },
);

const mostlySound = fc
  .tuple(
    sizeUpdates,
    fc.array(representation, { maxLength: 6 }),
    fc.oneof({ weight: 60, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: sizeUpdates }),
  )
  .map((parts) => concat(parts.flat()));
/** Entries for the indexes to find. */
const prelude = fc
  .array(
    fc.tuple(
      fc.constantFrom("x", "xa", "x-b", "y", ""),
      fc.string({ unit: fc.constantFrom(..."ab0 "), maxLength: 10 }),
    ),
    { minLength: 2, maxLength: 8 },
  )
  .map((entries) => concat(entries.map((entry) => wire.inserted(...entry))));

/** Where in the bytes, as a share of their length, and what happens there. */
export const mutation = fc.record({
  kind: fc.constantFrom("flip", "set", "insert", "remove", "cut", "repeat"),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  byte: fc.integer({ min: 0, max: 255 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

const block: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 30, arbitrary: mostlySound },
  {
    weight: 4,
    arbitrary: fc
      .tuple(mostlySound, fc.array(mutation, { minLength: 1, maxLength: 3 }))
      .map(([bytes, mutations]) => mutations.reduce(mutate, bytes)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes)) },
);

export const blockSequence: fc.Arbitrary<BlockSequence> = fc
  .tuple(fc.constantFrom(4_096, 4_096, 8_192), prelude, fc.array(block, { minLength: 1, maxLength: 8 }))
  .map(([tableBytesMax, first, others]) => ({ tableBytesMax, blocks: [first, ...others] }));

function text(bytes: string, isHuffman: boolean): Buffer {
  if (!isHuffman) return wire.string(bytes);
  const coded = Buffer.alloc(huffmanBytes(bytes));
  encodeHuffman(bytes, coded, 0);
  return wire.string(coded, true);
}

/** Bytes changed in one place. */
export function mutate(bytes: Buffer, { kind, place, byte }: Mutation): Buffer {
  const at = Math.floor(place * bytes.length);
  const head = bytes.subarray(0, at);
  const tail = bytes.subarray(at + 1);
  const here = bytes.subarray(at, at + 1);
  switch (kind) {
    case "flip":
      return concat([head, Buffer.from(here.map((old) => old ^ (1 << (byte & 7)))), tail]);
    case "set":
      return concat([head, here.map(() => byte), tail]);
    case "insert":
      return concat([head, Buffer.of(byte), here, tail]);
    case "remove":
      return concat([head, tail]);
    case "cut":
      return head;
    default:
      return concat([head, here, tail.subarray(0, byte % 16), here, tail]);
  }
}
