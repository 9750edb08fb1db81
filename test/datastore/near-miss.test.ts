import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPath, locateInObject, quote } from "../../src/datastore/locate.ts";
import { nearMiss } from "../../src/datastore/near-miss.ts";

describe("nearMiss()", () => {
  const known = ["selector", "namespaceSelector", "nets", "notNets", "ports"];
  const cases: readonly { readonly word: string; readonly want: string | undefined }[] = [
    { word: "Selector", want: "selector" },
    { word: "selecotr", want: "selector" },
    { word: "selectors", want: "selector" },
    { word: "namespace-selector", want: "namespaceSelector" },
    { word: "net", want: "nets" },
    { word: "port", want: "ports" },
    { word: "cidrs", want: undefined },
    { word: "podSelector", want: undefined },
    { word: "", want: undefined },
    { word: "x".repeat(65), want: undefined },
  ];
  for (const { word, want } of cases)
    it(`${word.slice(0, 20)} → ${want}`, () => assert.equal(nearMiss(word, known), want));
});

describe("a place in an object", () => {
  it("is its name and a path", () => {
    const locate = locateInObject("NetworkPolicy shop/api");
    assert.equal(locate([]), "NetworkPolicy shop/api");
    assert.equal(locate(["spec", "ingress", 0, "source"]), "NetworkPolicy shop/api spec.ingress[0].source");
    assert.equal(
      locate(["spec", "selector"], { offset: 4 }),
      "NetworkPolicy shop/api spec.selector at character 5",
    );
    assert.equal(formatPath(["metadata", "labels", "a.b/c"]), 'metadata.labels["a.b/c"]');
  });
});

describe("quote()", () => {
  it("keeps a text on one line and bounded", () => {
    assert.equal(quote("a\nb\u001b[31m"), "`a�b�[31m`");
    assert.equal(quote("x".repeat(80)).length, 82);
    assert.equal(quote("x".repeat(81)), `\`${"x".repeat(80)}…\``);
  });
});
