import { describe, it } from "node:test";
import { runSettings } from "../support/runs.ts";
import { compareWithPackage } from "./compare-package.ts";

describe("HpackDecoder and the package hpack of PyPI", () => {
  it("accept the same blocks, read the same fields and keep the same table", async () => {
    await compareWithPackage(runSettings(1 / 2));
  });
});
