import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { policy } from "../datastore/watched-directory.ts";
import { assertGolden, runCli } from "./run-cli.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const run = promisify(execFile);

/** What a real bash makes of the script, words as it splits them. */
async function inBash(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const script = `
    ephor() { "$NODE" "$MAIN" "$@"; }
    source <(printf %s "$SCRIPT")
    COMP_WORDS=(ephor "$@")
    COMP_CWORD=$#
    complete -p ephor
    _ephor ephor
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout: completion } = await runCli(["completion", "bash"]);
  const { stdout, stderr } = await run("bash", ["--norc", "--noprofile", "-c", script, "bash", ...words], {
    env: { PATH: process.env["PATH"] ?? "", NODE: process.execPath, MAIN, SCRIPT: completion, ...env },
  });
  assert.equal(stderr, "");
  const [registered, ...replies] = stdout.trimEnd().split("\n");
  assert.equal(registered, "complete -F _ephor ephor");
  return replies.filter((reply) => reply !== "");
}

async function words(...typed: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runCli(["__complete", "--", ...typed]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

describe("completion", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-completion-"));
  after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "a.yaml"), `${policy("api")}---\n${policy("web")}---\n${policy("webhook")}`);
  writeFileSync(join(directory, "b.yaml"), policy("cron").replace("shop", "dev"));
  const shop = ["--policies", directory, "-n", "shop"];

  it("in bash gives commands, names, values of flags and files", async () => {
    assert.deepEqual(await inBash(["va"]), ["validate"]);
    assert.deepEqual(await inBash(["get", "np", ...shop, ""]), ["api", "web", "webhook"]);
    assert.deepEqual(await inBash(["get", "np", "--output", "=", "y"]), ["yaml"]);
    assert.deepEqual(await inBash(["apply", "-f", `${directory}/a`]), [`${directory}/a.yaml`]);
  });

  it("in bash takes the directory from the environment too, and shows nobody an error", async () => {
    const policies = { EPHOR_POLICIES: directory };
    assert.deepEqual(await inBash(["delete", "np", "-n", "dev", ""], policies), ["cron"]);
    assert.deepEqual(await inBash(["get", "np", ""], { EPHOR_POLICIES: "/nowhere" }), []);
  });

  const cases = [
    { name: "kinds", typed: ["get", "globalnetworkp"], want: ["globalnetworkpolicies"] },
    { name: "flags", typed: ["get", "np", "--out"], want: ["--output"] },
    { name: "words after the sign, as bash has it", typed: ["get", "np", "-o", "="], want: [] },
    { name: "nothing for a command that is none", typed: ["nosuch", ""], want: [] },
    { name: "commands that nobody types are not among them", typed: ["__"], want: [] },
    { name: "a name is offered once", typed: ["get", "np", ...shop, "web", "w"], want: ["webhook"] },
    { name: "a flag is offered once", typed: ["get", "np", ...shop, "--pol"], want: [] },
    { name: "but twice if it is repeatable", typed: ["apply", "-f", "x", "--fi"], want: ["--filename"] },
    { name: "namespaces", typed: ["get", "np", "--policies", directory, "-n", ""], want: ["dev", "shop"] },
    { name: "words of a closed list", typed: ["check", "--peer", ""], want: ["both", "identity"] },
    {
      name: "in one word, as zsh and fish have it",
      typed: ["get", "np", "--output=j"],
      want: ["--output=json"],
    },
    {
      name: "names in all namespaces",
      typed: ["get", "np", "--policies", directory, "-A", "c"],
      want: ["cron"],
    },
    { name: "names of a kind that nobody knows: none", typed: ["get", "pods", ...shop, ""], want: [] },
    { name: "a text that only its author knows: none", typed: ["check", "--from", ""], want: [] },
    { name: "shells", typed: ["completion", ""], want: ["bash", "zsh", "fish"] },
    { name: "files for a directory", typed: ["validate", ""], want: [":files"] },
  ];
  for (const { name, typed, want } of cases) {
    it(`: ${name}`, async () => assert.deepEqual(await words(...typed), want));
  }

  for (const shell of ["bash", "zsh", "fish"]) {
    it(`for ${shell} is what its golden file holds`, async () => {
      const { exitCode, stdout } = await runCli(["completion", shell]);
      assertGolden(`completion.${shell}.txt`, stdout);
      assert.equal(exitCode, 0);
    });
  }

  it("for another shell is refused", async () => {
    const { exitCode, stdout, stderr } = await runCli(["completion", "tcsh"]);
    assert.deepEqual([exitCode, stdout], [2, ""]);
    assert.match(stderr, /bash, zsh or fish/);
  });
});
