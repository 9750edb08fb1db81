import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Command } from "commander";
import { ok } from "../../src/base/result.ts";
import { applyEnvironment } from "../../src/cli/environment.ts";
import { choice, flag, RepeatableFlag, readPort, readText, toggle } from "../../src/cli/flags.ts";

function parse(args: readonly string[], env: Record<string, string>): Record<string, unknown> {
  const command = new Command("x")
    .exitOverride()
    .addOption(flag("--port <port>", "", readPort))
    .addOption(new RepeatableFlag("--trust-domain <name>", "", readText))
    .addOption(choice("--peer <word>", "", ["both", "identity"]))
    .addOption(toggle("--require-identity", ""))
    .addOption(toggle("--no-identity", ""))
    .addOption(flag("--upper <text>", "", (text) => ok(text.toUpperCase())));
  command.hook("preAction", (_, action) => applyEnvironment(action, env)).action(() => {});
  command.parse([...args], { from: "user" });
  return command.opts();
}

describe("applyEnvironment()", () => {
  it("gives a flag its twin's value, read as the flag's own is", () => {
    const values = parse([], { EPHOR_PORT: "8080", EPHOR_UPPER: "a", EPHOR_PEER: "both" });
    assert.deepEqual(values, { identity: true, port: 8080, upper: "A", peer: "both" });
  });

  it("lets the command line win", () => {
    assert.equal(parse(["--port", "1"], { EPHOR_PORT: "2" })["port"], 1);
  });

  it("reads a list with commas for a repeatable flag, and for no other", () => {
    const values = parse([], { EPHOR_TRUST_DOMAIN: "a.example, b.example", EPHOR_UPPER: "a,b" });
    assert.deepEqual(values["trustDomain"], ["a.example", "b.example"]);
    assert.equal(values["upper"], "A,B");
  });

  const switches = [
    { text: "true", want: true },
    { text: "1", want: true },
    { text: "false", want: false },
    { text: "0", want: false },
    { text: "", want: undefined },
  ];
  for (const { text, want } of switches) {
    it(`reads a switch's \`${text}\` as ${want}`, () => {
      assert.equal(parse([], { EPHOR_REQUIRE_IDENTITY: text })["requireIdentity"], want);
    });
  }

  it("turns a --no- switch round", () => {
    assert.equal(parse([], { EPHOR_NO_IDENTITY: "true" })["identity"], false);
    assert.equal(parse([], { EPHOR_NO_IDENTITY: "false" })["identity"], true);
  });

  const refused = [
    {
      name: "EPHOR_REQUIRE_IDENTITY",
      text: "yes",
      message: /EPHOR_REQUIRE_IDENTITY: `yes` is neither true nor false/,
    },
    { name: "EPHOR_PORT", text: "0", message: /EPHOR_PORT: not a port/ },
    { name: "EPHOR_PEER", text: "none", message: /EPHOR_PEER: not one of both, identity/ },
    { name: "EPHOR_TRUST_DOMAIN", text: "a,,b", message: /EPHOR_TRUST_DOMAIN: empty/ },
  ];
  for (const { name, text, message } of refused) {
    it(`refuses ${name}=${text} and names the variable`, () => {
      assert.throws(() => parse([], { [name]: text }), { name: "UsageError", message });
    });
  }
});
