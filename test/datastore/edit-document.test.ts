import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { editDocument, editJson, headerOf, newDocument } from "../../src/datastore/files/edit-document.ts";
import { runSettings } from "../support/runs.ts";

const COMMENTED = `# Who may read.
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: api, namespace: shop } # ours
spec:
  # before the others
  order: 10
  selector: 'app == "api"'
  ingress:
    # the shop front
    - action: Allow
      source: { serviceAccounts: { names: [web] } }
    # everybody else
    - action: Deny # for now
`;

function edited(change: (value: { spec: Record<string, unknown> }) => void, text = COMMENTED): string {
  const value = parse(text);
  change(value);
  return editDocument(text, [], value);
}

describe("a document that is edited", () => {
  it("changes in nothing but what is said differently", () => {
    const after = edited(({ spec }) => {
      spec["order"] = 20;
    });
    assert.equal(after, COMMENTED.replace("order: 10", "order: 20"));
  });

  it("keeps the style of a text that becomes another", () => {
    const after = edited(({ spec }) => {
      spec["selector"] = 'app == "web"';
    });
    assert.equal(after, COMMENTED.replace('app == "api"', 'app == "web"'));
  });

  it("takes a new rule between old ones, each with its comment", () => {
    const after = edited(({ spec }) => {
      (spec["ingress"] as unknown[]).splice(1, 0, { action: "Log" });
    });
    assert.equal(after, COMMENTED.replace("    # everybody", "    - action: Log\n    # everybody"));
  });

  it("loses a rule and its comment, and no other", () => {
    const after = edited(({ spec }) => {
      (spec["ingress"] as unknown[]).splice(0, 1);
    });
    assert.match(after, /# everybody else\n {4}- action: Deny # for now/);
    assert.doesNotMatch(after, /web/);
    assert.match(after, /# before the others/);
  });

  const styles = [
    {
      name: "lists that are not indented",
      text: "spec:\n  order: 1\n  nets:\n  - 10.0.0.0/8\n  - 10.1.0.0/16\n",
    },
    { name: "braces without spaces", text: "metadata: {name: a}\nspec: {order: 1, types: [Ingress]}\n" },
    { name: "long lines", text: `spec:\n  order: 1\n  selector: ${"a ".repeat(200)}b\n` },
    { name: "a marker before it", text: "---\n# about it\nspec:\n  order: 1\n" },
    { name: "empty lines", text: "metadata:\n  name: a\n\nspec:\n  order: 1\n\n  # last\n  tier: x\n" },
    { name: "a comment at its end", text: "spec:\n  order: 1\n\n# about what follows\n" },
  ];
  for (const { name, text } of styles) {
    it(`keeps ${name}`, () => {
      const after = edited(({ spec }) => {
        spec["order"] = 2;
      }, text);
      assert.equal(after, text.replace("order: 1", "order: 2"));
    });
  }

  it("says what it has to where an alias is in the way", () => {
    const text = "spec:\n  ingress:\n    - &rule { action: Deny }\n  egress:\n    - *rule\n";
    const value = { spec: { ingress: [{ action: "Allow" }], egress: [{ action: "Deny" }] } };
    assert.deepEqual(parse(editDocument(text, [], value)), value);
  });

  it("stays a document of its own where it is written anew", () => {
    const aliased = "---\na: &x { b: 1 }\nc: *x\n";
    const after = editDocument(aliased, [], { a: { b: 2 }, c: { b: 1 } });
    assert.match(after, /^---\n/);
    assert.deepEqual(parse(after), { a: { b: 2 }, c: { b: 1 } });
  });

  it("is never made of a broken text, which may hold more than is known", () => {
    assert.throws(() => editDocument("---\nspec: [", [], { spec: { order: 1 } }), /broken/);
  });

  it("gives up a key that stands twice", () => {
    const after = editDocument("spec:\n  order: 1\n  order: 2\n", [], { spec: { order: 3 } });
    assert.equal(after, "spec:\n  order: 3\n");
  });

  it("changes one object of a list", () => {
    const text = "kind: List\nitems:\n  # first\n  - a: 1 # one\n  # second\n  - a: 2\n";
    assert.equal(editDocument(text, ["items", 1], { a: 3 }), text.replace("a: 2", "a: 3"));
    const rest = parse(editDocument(text, ["items", 0], undefined));
    assert.deepEqual(rest, { kind: "List", items: [{ a: 2 }] });
    assert.match(editJson('{"items":[{"a":1},{"a":2}]}', ["items", 0], undefined), /"a": 2/);
  });

  it("quotes what readers of YAML 1.1 take for something else", () => {
    assert.equal(
      newDocument({ a: "yes", b: "on", c: "010", d: "1_000" }),
      'a: "yes"\nb: "on"\nc: "010"\nd: "1_000"\n',
    );
  });

  it("leaves the comment about the file when its first document goes", () => {
    assert.equal(headerOf("# About all.\n\n# About one.\na: 1\n", 0), "# About all.\n");
    assert.equal(headerOf("# About one.\na: 1\n", 0), "");
    assert.equal(headerOf("---\n# About all.\n\na: 1\n", 1), "");
  });

  const value: fc.Memo<unknown> = fc.memo((depth) =>
    depth === 0
      ? fc.oneof(
          fc.constantFrom("a", "yes", "", "a: b", "# c", "l1\nl2", "'", '"', "- x", "*a", " "),
          fc.integer(),
          fc.boolean(),
        )
      : fc.oneof(
          fc.array(value(depth - 1), { maxLength: 4 }),
          fc.dictionary(fc.constantFrom("a", "b", "c", "no", "1"), value(depth - 1), {
            maxKeys: 4,
            noNullPrototype: true,
          }),
          value(0),
        ),
  );
  const whole = fc.dictionary(fc.constantFrom("spec", "metadata", "x"), value(3), {
    minKeys: 1,
    noNullPrototype: true,
  });

  it("always says exactly the new value, whatever the old one was", () => {
    fc.assert(
      fc.property(whole, whole, (before, after) => {
        assert.deepEqual(parse(editDocument(newDocument(before), [], after)), after);
      }),
      runSettings(0.1),
    );
  });
});
