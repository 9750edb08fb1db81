/** `ephor demo --datastore etcd`: the whole table with the policies in a real etcd. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BackgroundProcess } from "../../src/cli/demo/child-process.ts";
import { ephorCommand } from "../../src/cli/demo/ephor-process.ts";
import { EDITS } from "../../src/cli/demo/policy-edits.ts";
import { TOPICS } from "../../src/cli/demo/scenes.ts";
import { requireEnvoy } from "../support/envoy.ts";

const END_TIMEOUT_MS = 90_000;

describe("ephor demo --datastore etcd", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function run(
    env: NodeJS.ProcessEnv,
  ): Promise<{ how: string; lines: readonly string[]; output: string }> {
    const lines: string[] = [];
    const { command, args } = ephorCommand();
    const demo = new BackgroundProcess(command, [...args, "demo", "--datastore", "etcd"], {
      name: "ephor demo",
      env: { ...process.env, TMPDIR: folder, ENVOY: await requireEnvoy(), ...env },
      onLine: (line) => lines.push(line),
    });
    const timer = setTimeout(() => demo.signal("SIGKILL"), END_TIMEOUT_MS);
    const how = await demo.exited;
    clearTimeout(timer);
    return { how, lines, output: demo.output };
  }

  it("gives every answer of the demo, follows edits there, reports a broken one, and cleans up", async () => {
    const { how, lines, output } = await run({});
    assert.equal(how, "exit 0", output);
    const questions = TOPICS.flatMap((topic) => topic.scenes).length + EDITS.length;
    assert.equal(lines.filter((line) => line.startsWith("ok ")).length, questions);
    assert.ok(lines.some((line) => /^Policies: .*, in an etcd, http:/.test(line)));
    assert.ok(lines.some((line) => /typing mistake.*: reported after/.test(line)));
    assert.ok(lines.some((line) => line.includes("NetworkPolicy shop/knp.default.metrics rule 0")));
    assert.match(lines.at(-1) ?? "", new RegExp(`^${questions} questions, every answer as expected, `));
    assert.deepEqual(await readdir(folder), []);
  });

  it("says what to do where there is no etcd", async () => {
    const { how, output } = await run({ ETCD: join(folder, "none") });
    assert.equal(how, "exit 2");
    assert.match(
      output,
      /^error: no etcd \(can't be run: .*\): install Debian's etcd-server, or name one by \$ETCD$/m,
    );
    assert.deepEqual(await readdir(folder), []);
  });
});
