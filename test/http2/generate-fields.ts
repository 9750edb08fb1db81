/** Header fields as random as they come: of both tables, short and long, with bytes that Huffman's code knows and hardly knows. */
import fc from "fast-check";
import { STATIC_FIELDS } from "../../src/http2/hpack-static-table.ts";
import type { Field } from "./hpack-blocks.ts";

const anyByte = fc.string({
  maxLength: 12,
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});
const token = fc.string({
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-_."),
  minLength: 1,
  maxLength: 20,
});
const printable = fc.string({
  maxLength: 30,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const long = fc
  .tuple(printable, fc.integer({ min: 0, max: 300 }))
  .map(([text, times]) => text.repeat(times).slice(0, 6_000));

const staticName = fc.constantFrom(...STATIC_FIELDS.map(([name]) => name));

/** One field; its strings are any bytes. */
export const field: fc.Arbitrary<Field> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...STATIC_FIELDS) },
  { weight: 2, arbitrary: fc.tuple(staticName, fc.oneof(printable, anyByte)) },
  { weight: 4, arbitrary: fc.tuple(fc.oneof(token, anyByte), fc.oneof(token, printable, anyByte, long)) },
);

const httpValue = fc.string({
  unit: fc
    .oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
      { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
    )
    .map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const httpName = fc.oneof(
  fc.constantFrom("accept", "via", "accept-language", "x-request-id"),
  fc.string({ unit: fc.constantFrom(..."abs-"), maxLength: 8 }).map((text) => `x-${text}`),
);

/** A field that HTTP/2 allows in a request, of names that may be there more than once. */
export const httpField: fc.Arbitrary<Field> = fc.tuple(
  httpName,
  fc.oneof(httpValue, fc.constantFrom("", "one", "two")),
);
