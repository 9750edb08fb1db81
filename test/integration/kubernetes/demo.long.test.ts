/** `ephor demo --datastore kubernetes` as `make run DATASTORE=kubernetes` starts it. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BackgroundProcess } from "../../../src/cli/demo/child-process.ts";
import { ephorCommand } from "../../../src/cli/demo/ephor-process.ts";
import { EDITS } from "../../../src/cli/demo/policy-edits.ts";
import { TOPICS } from "../../../src/cli/demo/scenes.ts";
import { requireControlPlane } from "../../control-plane/build.ts";
import { requireEnvoy } from "../../support/envoy.ts";

const END_TIMEOUT_MS = 120_000;

describe("ephor demo --datastore kubernetes", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("gives every answer of the demo with the policies in an API server, follows edits there, and cleans up", async () => {
    const lines: string[] = [];
    const { command, args } = ephorCommand();
    const demo = new BackgroundProcess(command, [...args, "demo", "--datastore", "kubernetes"], {
      name: "ephor demo",
      env: {
        ...process.env,
        TMPDIR: folder,
        ENVOY: await requireEnvoy(),
        CONTROL_PLANE: await requireControlPlane(),
      },
      onLine: (line) => lines.push(line),
    });
    const timer = setTimeout(() => demo.signal("SIGKILL"), END_TIMEOUT_MS);
    assert.equal(await demo.exited, "exit 0", demo.output);
    clearTimeout(timer);
    const questions = TOPICS.flatMap((topic) => topic.scenes).length + EDITS.length;
    assert.equal(lines.filter((line) => line.startsWith("ok ")).length, questions);
    assert.ok(lines.some((line) => /^Policies: .*, in a Kubernetes API server, https:/.test(line)));
    assert.ok(
      lines.some((line) => line.includes("typing mistake") && line.includes("refused by the API server")),
    );
    assert.match(lines.at(-1) ?? "", new RegExp(`^${questions} questions, every answer as expected, `));
    assert.deepEqual(await readdir(folder), []);
  });
});
