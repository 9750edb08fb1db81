import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { Breather, type FileContent, parseFile } from "../../src/datastore/files/parse-file.ts";
import { splitDocuments } from "../../src/datastore/files/split-documents.ts";

async function readText(text: string | Uint8Array, previous?: FileContent): Promise<FileContent> {
  return await parseFile("f.yaml", Buffer.from(text), previous, new Breather(systemClock));
}

/** `code line:column` of every issue. */
async function issues(text: string): Promise<string[]> {
  const { issues: own, objects } = await readText(text);
  return [...own, ...objects.flatMap((each) => each.issues)].map(
    ({ code, where }) => `${code} ${where.replace(/^f\.yaml:?/, "")}`,
  );
}

async function names(text: string): Promise<string[]> {
  const { objects } = await readText(text);
  return objects.map(
    ({ resource, place }) => `${resource?.kind} ${resource?.metadata.name} ${place.replace("f.yaml:", "")}`,
  );
}

const TIER = "apiVersion: projectcalico.org/v3\nkind: Tier\n";
const tier = (name: string, spec = "{}"): string => `${TIER}metadata: {name: ${name}}\nspec: ${spec}\n`;

describe("a file of documents", () => {
  it("holds any number, each with its place", async () => {
    assert.deepEqual(await names(`# first\n${tier("a")}---\n${tier("b")}--- # third\n---\n\n${tier("c")}`), [
      "Tier a 2",
      "Tier b 7",
      "Tier c 14",
    ]);
  });
  it("may begin with a mark, end its lines in CR LF, and end without a newline", async () => {
    assert.deepEqual(
      await names(`\ufeff---\n${tier("a")}---\n${tier("b")}`.replaceAll("\n", "\r\n").trimEnd()),
      ["Tier a 2", "Tier b 7"],
    );
  });
  it("may have directives and document ends, which keep it in one piece", async () => {
    assert.deepEqual(await names(`%YAML 1.2\n---\n${tier("a")}...\n---\n${tier("b")}`), [
      "Tier a 3",
      "Tier b 9",
    ]);
  });
  for (const text of ["", "\n\n", "# nothing\n", "---\n---\n# nothing\n", "null\n"]) {
    it(`holds nothing: ${JSON.stringify(text)}`, async () => {
      const { objects, issues: own, isBlank } = await readText(text);
      assert.deepEqual([objects.length, own.length, isBlank], [0, 0, text.trim() === ""]);
    });
  }
  it("is UTF-8", async () => {
    const { issues: own, isTorn } = await readText(Uint8Array.of(0x61, 0xff, 0x62));
    assert.deepEqual([own[0]?.message, isTorn], ["not UTF-8 text", true]);
  });
  it("is cut where YAML says a document ends, also inside a block of text", () => {
    assert.deepEqual(
      splitDocuments("a: |\n  x\n---\n- b\n---not a cut\n--- c").map(({ text, linesBefore }) => [
        text,
        linesBefore,
      ]),
      [
        ["a: |\n  x\n", 0],
        ["---\n- b\n---not a cut\n", 2],
        ["--- c", 5],
      ],
    );
  });
});

describe("JSON", () => {
  it("is read like YAML, tabs and all, with places", async () => {
    const text = JSON.stringify(
      {
        apiVersion: "projectcalico.org/v3",
        kind: "Tier",
        metadata: { name: "a" },
        spec: { order: "x", ordr: 1 },
      },
      undefined,
      "\t",
    );
    assert.deepEqual(await issues(text), ["bad_value 8:12", "unknown_key 9:3"]);
  });
  it("has each key once", async () => {
    assert.deepEqual(
      await issues('{"apiVersion": "v1", "kind": "Namespace",\n "metadata": {"name": "a", "name": "b"}}'),
      ["duplicate_key 2:28"],
    );
  });
});

describe("places", () => {
  const policy = (spec: string): string =>
    `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata:\n  name: a\n  namespace: b\nspec:\n${spec}`;
  const cases: readonly { readonly name: string; readonly text: string; readonly want: string }[] = [
    { name: "a value", text: policy("  order: x\n"), want: "bad_value 7:10" },
    { name: "an unknown key", text: policy("  ordr: 1\n"), want: "unknown_key 7:3" },
    { name: "a key without a value", text: policy("  selector:\n"), want: "bad_value 7:3" },
    {
      name: "something absent is at what it is absent from",
      text: policy("  ingress:\n    - protocol: TCP\n"),
      want: "missing_field 8:7",
    },
    {
      name: "an absent spec is at the document",
      text: "# one\n\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: a}\n",
      want: "missing_field 3:1",
    },
    {
      name: "the character in a plain selector",
      text: policy("  selector: a = 'b'\n"),
      want: "bad_selector 7:15",
    },
    {
      name: "the character in a quoted selector",
      text: policy("  selector: \"a = 'b'\"\n"),
      want: "bad_selector 7:16",
    },
    {
      name: "the beginning of a selector that YAML folds",
      text: policy("  selector: >-\n    a\n    = 'b'\n"),
      want: "bad_selector 7:13",
    },
    {
      name: "an entry of a list in flow style",
      text: policy("  types: [Ingress, egress]\n"),
      want: "bad_value 7:20",
    },
    {
      name: "behind an alias, where the value was written",
      text: policy("  ingress:\n    - &r {action: Alow}\n    - *r\n"),
      want: "bad_value 8:19,bad_value 8:19",
    },
  ];
  for (const { name, text, want } of cases) {
    it(`say where it is: ${name}`, async () => assert.equal((await issues(text)).join(), want));
  }
  it("count lines from the top of the file, for every document of it", async () => {
    assert.deepEqual(await issues(`${tier("a")}---\n${tier("b", "{order: x}")}`), ["bad_value 9:15"]);
  });
});

describe("YAML that policy has no use for", () => {
  const spec = (text: string): string => `${TIER}metadata: {name: a}\nspec:\n${text}`;
  const cases: readonly { readonly name: string; readonly text: string; readonly want: string }[] = [
    { name: "a key twice", text: spec("  order: 1\n  order: 2\n"), want: "duplicate_key 6:3" },
    {
      name: "a key twice in fields that are passed over",
      text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nstatus: {x: 1, x: 2}\n",
      want: "duplicate_key 4:16",
    },
    { name: "a number as key", text: spec("  1: x\n"), want: "bad_document 5:3" },
    { name: "a mapping as key", text: spec("  ? {a: b}\n  : x\n"), want: "bad_document 5:5" },
    {
      name: "the key that objects inherit from",
      text: spec("  __proto__: {order: 1}\n"),
      want: "bad_document 5:3",
    },
    { name: "a merge key", text: spec("  <<: {order: 1}\n"), want: "unknown_key 5:3" },
    { name: "a number with leading zeros", text: spec("  order: 010\n"), want: "bad_value 5:10" },
    { name: "a number in hexadecimal", text: spec("  order: 0x10\n"), want: "bad_value 5:10" },
    { name: "infinity", text: spec("  order: .inf\n"), want: "bad_value 5:10" },
    { name: "a tag", text: spec("  order: !mine 1\n"), want: "bad_document 5:10" },
    { name: "an alias to nothing", text: spec("  order: *x\n"), want: "bad_document 5:10" },
    {
      name: "broken indentation",
      text: spec("  order: 1\n defaultAction: Deny\n"),
      want: "bad_document 6:1",
    },
    { name: "a tab as indentation", text: spec("\torder: 1\n"), want: "bad_document 5:1" },
  ];
  for (const { name, text, want } of cases) {
    it(`is refused: ${name}`, async () => assert.equal((await issues(text)).join(), want));
  }
  it("is refused: an alias that grows when it is followed", async () => {
    const lines = Array.from(
      { length: 12 },
      (_, index) =>
        `  a${index}: &a${index} [${Array.from({ length: 10 }, () => (index === 0 ? "x" : `*a${index - 1}`)).join(", ")}]`,
    );
    assert.match(
      (
        await issues(`apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec:\n${lines.join("\n")}\n`)
      ).join(),
      /^limit \d+:\d+$/,
    );
  });
  it("may be an alias, to the latest anchor of that name above it", async () => {
    const text =
      "kind: List\napiVersion: v1\nx: [&o 1, &c [&o 2], &o 3, *c]\nitems:\n- {apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a}, spec: {order: *o}}\n";
    const { objects } = await readText(text);
    const [only] = objects;
    assert.equal(only?.resource?.kind === "Tier" ? only.resource.order : undefined, 3);
  });
  it("is refused: an alias to what it is in", async () => {
    assert.match(
      (await issues("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: &a [*a]\n")).join(),
      /^limit \d+:\d+$|^bad_document/,
    );
  });
  for (const text of ["[".repeat(30_000), "{a: ".repeat(10_000), "- ".repeat(30_000)]) {
    it(`is refused: ${text.slice(0, 4)} without end`, async () =>
      assert.match((await issues(text)).join(), /^(limit|bad_document) /));
  }
});

describe("a document with broken text", () => {
  it("is known by its name where that can be read, and trusted in nothing else", async () => {
    const { objects, isTorn } = await readText(
      "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b, labels: {l: m}}\nspec:\n  selector: has(x)\n  types: [Ingress\n",
    );
    const [only] = objects;
    assert.deepEqual([only?.key?.name, only?.resource, isTorn], ["a", undefined, false]);
    const { placeholder } = only ?? {};
    assert.equal(placeholder?.kind, "NetworkPolicy");
    assert.deepEqual(
      placeholder?.kind === "NetworkPolicy"
        ? [placeholder.spec.selector, placeholder.spec.ingress.length]
        : [],
      [undefined, 1],
    );
  });
  it("tears the file where it can't", async () => {
    assert.equal((await readText("apiVersion: projectcalico.org/v3\nkind: [\n")).isTorn, true);
  });
  it("does not hurt the documents around it", async () => {
    const { objects, isTorn } = await readText(`${tier("a")}---\nkind: [\n---\n${tier("b")}`);
    assert.deepEqual([objects.map(({ resource }) => resource?.metadata.name), isTorn], [["a", "b"], true]);
  });
  it("has one message for its first error", async () => {
    assert.equal((await issues("a: b: c: d\n e: }\n]")).length, 1);
  });
});

describe("a list", () => {
  const item = (name: string, spec = "{}"): string =>
    `- apiVersion: projectcalico.org/v3\n  kind: Tier\n  metadata: {name: ${name}}\n  spec: ${spec}\n`;
  it("is read object by object, as `kubectl get -o yaml` prints it", async () => {
    assert.deepEqual(
      await names(
        `apiVersion: v1\nitems:\n${item("a")}${item("b")}kind: List\nmetadata:\n  resourceVersion: ""\n`,
      ),
      ["Tier a 3", "Tier b 7"],
    );
  });
  it("is read as `calicoctl get -o yaml` prints it", async () => {
    assert.deepEqual(
      await names(
        `apiVersion: projectcalico.org/v3\nitems:\n${item("a")}kind: TierList\nmetadata:\n  resourceVersion: "1"\n`,
      ),
      ["Tier a 3"],
    );
  });
  it("may say the kind for its objects", async () => {
    assert.deepEqual(
      await names(
        "apiVersion: projectcalico.org/v3\nkind: TierList\nitems:\n- metadata: {name: a}\n  spec: {}\n",
      ),
      ["Tier a 4"],
    );
  });
  it("has its problems located in the objects", async () => {
    assert.deepEqual(
      await issues(`kind: List\napiVersion: v1\nitems:\n${item("a")}${item("b", "{order: x}")}`),
      ["bad_value 11:17"],
    );
  });
  it("may be empty", async () =>
    assert.deepEqual(await names("apiVersion: v1\nkind: List\nitems: []\n"), []));
  for (const [text, want] of [
    ["apiVersion: v1\nkind: Lsit\nitems: []\n", "bad_document 2:7"],
    ["apiVersion: v1\nkind: List\n", "missing_field 1:1"],
    ["apiVersion: v1\nkind: List\nitems: x\n", "bad_value 3:8"],
    ["apiVersion: v1\nkind: List\nitems: [x]\n", "bad_document 3:9"],
  ] as const) {
    it(`is refused: ${JSON.stringify(text)}`, async () => assert.deepEqual(await issues(text), [want]));
  }
});

describe("a new version of a file", () => {
  it("reads only the documents whose text is new; the others' objects are the very same", async () => {
    const first = await readText(`${tier("a")}---\n${tier("b")}`);
    const second = await readText(`# longer\n\n${tier("new")}---\n${tier("b")}`, first);
    assert.equal(second.objects[1]?.resource, first.objects[1]?.resource);
    assert.notEqual(second.objects[0]?.resource, first.objects[0]?.resource);
    assert.equal(second.objects[1]?.place, "f.yaml:8");
  });
  it("gives issues their new places", async () => {
    const broken = tier("b", "{order: x}");
    const first = await readText(`${tier("a")}---\n${broken}`);
    const second = await readText(`# one more line\n${tier("a")}---\n${broken}`, first);
    assert.deepEqual(
      [first, second].map(({ objects }) => objects[1]?.issues[0]?.where),
      ["f.yaml:9:15", "f.yaml:10:15"],
    );
  });
});
