/** The comparisons of the short tests, on many more blocks and on others every time; a failure prints its blocks. */
import { describe, it } from "node:test";
import { compareWithNghttp2 } from "./compare-nghttp2.ts";
import { compareWithPackage } from "./compare-package.ts";

describe("HpackDecoder, at length", () => {
  it("agrees with the package hpack of PyPI", async () => {
    await compareWithPackage({ numRuns: 40_000 });
  });

  it("agrees with nghttp2", async () => {
    await compareWithNghttp2({ numRuns: 5_000 });
  });
});
