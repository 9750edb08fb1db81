import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ReadFlag,
  readDurationMs,
  readFileMode,
  readNamespacedName,
  readPort,
} from "../../src/cli/flags.ts";

describe("flag values", () => {
  const cases: readonly { read: ReadFlag<unknown>; good: [string, unknown][]; bad: string[] }[] = [
    {
      read: readPort,
      good: [
        ["1", 1],
        ["65535", 65_535],
      ],
      bad: ["0", "65536", "", "-1", "1.5", "0x50", " 80", "http"],
    },
    {
      read: readDurationMs,
      good: [
        ["0s", 0],
        ["500ms", 500],
        ["30s", 30_000],
        ["5m", 300_000],
        ["1h", 3_600_000],
        ["2147483647ms", 2_147_483_647],
      ],
      bad: ["30", "", "s", "1d", "-1s", "1.5s", "1 s", "2147483648ms", "999999999h"],
    },
    {
      read: readFileMode,
      good: [
        ["0660", 0o660],
        ["600", 0o600],
        ["0777", 0o777],
      ],
      bad: ["4660", "0o660", "660x", "66", "0880", "rw-rw----"],
    },
    {
      read: readNamespacedName,
      good: [
        ["shop/api", { namespace: "shop", name: "api" }],
        ["a/web-7d9f.x", { namespace: "a", name: "web-7d9f.x" }],
      ],
      bad: ["api", "/api", "shop/", "shop/api/x", "Shop/api", "shop/-api", "sh.op/api", "shop/a b"],
    },
  ];
  for (const { read, good, bad } of cases) {
    describe(`${read.name}()`, () => {
      for (const [text, want] of good) {
        it(`reads \`${text}\``, () => assert.deepEqual(read(text), { ok: true, value: want }));
      }
      for (const text of bad) {
        it(`refuses \`${text}\``, () => assert.equal(read(text).ok, false));
      }
    });
  }
});
