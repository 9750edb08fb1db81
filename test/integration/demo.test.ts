/** `ephor demo` as a person runs it: the table, the exit code, and nothing left behind. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { awaitCondition, BackgroundProcess } from "../../src/cli/demo/child-process.ts";
import { ephorCommand } from "../../src/cli/demo/ephor-process.ts";
import { REPLICA_COUNT } from "../../src/cli/demo/node-part.ts";
import { EDITS } from "../../src/cli/demo/policy-edits.ts";
import { TOPICS } from "../../src/cli/demo/scenes.ts";
import { requireEnvoy } from "../support/envoy.ts";

const END_TIMEOUT_MS = 60_000;

describe("ephor demo", () => {
  let folder: string;
  let envoy: string;
  before(async () => {
    envoy = await requireEnvoy();
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
  });
  after(() => rm(folder, { recursive: true }));

  function start(
    flags: readonly string[],
    env: NodeJS.ProcessEnv,
  ): { demo: BackgroundProcess; lines: string[] } {
    const lines: string[] = [];
    const { command, args } = ephorCommand();
    const demo = new BackgroundProcess(command, [...args, "demo", ...flags], {
      name: "ephor demo",
      env: { ...process.env, TMPDIR: folder, ENVOY: envoy, ...env },
      onLine: (line) => lines.push(line),
    });
    return { demo, lines };
  }

  async function end(demo: BackgroundProcess): Promise<string> {
    const timer = setTimeout(() => demo.signal("SIGKILL"), END_TIMEOUT_MS);
    const how = await demo.exited;
    clearTimeout(timer);
    return how;
  }

  it("asks every question, gets every answer as expected, and cleans up", async () => {
    const { demo, lines } = start([], {});
    assert.equal(await end(demo), "exit 0", demo.output);
    const scenes = TOPICS.flatMap((topic) => topic.scenes).length;
    // Behind the node agent only the edit's answer has a line of its own.
    assert.equal(lines.filter((line) => line.startsWith("ok ")).length, scenes + EDITS.length + 1);
    const questions = scenes + EDITS.length + REPLICA_COUNT * (scenes + 1);
    assert.ok(lines.includes(`Envoy:    ${envoy} (named by $ENVOY)`), lines[0]);
    assert.match(
      lines.at(-1) ?? "",
      new RegExp(`^${questions} questions, every answer as expected, [0-9.]+ s\\.$`),
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it("stays up with --stay until interrupted, and cleans up then", async () => {
    const { demo, lines } = start(["--stay"], {});
    const staying = (): boolean => lines.includes("Ctrl-C ends it.");
    await awaitCondition("it stays", staying, { timeoutMs: END_TIMEOUT_MS, process: demo });
    assert.equal((await readdir(folder)).length, 1);
    demo.signal("SIGINT");
    assert.equal(await end(demo), "exit 0", demo.output);
    assert.deepEqual(await readdir(folder), []);
  });

  it("cleans up when it is interrupted in the middle", async () => {
    const { demo, lines } = start([], {});
    const asking = (): boolean => lines.some((line) => line.startsWith("ok "));
    await awaitCondition("it asks", asking, { timeoutMs: END_TIMEOUT_MS, process: demo });
    demo.signal("SIGTERM");
    assert.equal(await end(demo), "exit 1", demo.output);
    assert.match(demo.output, /interrupted; everything is stopped and removed\n$/);
    assert.deepEqual(await readdir(folder), []);
  });

  it("says what to do where there is no Envoy", async () => {
    const { demo } = start([], { ENVOY: join(folder, "no-envoy") });
    assert.equal(await end(demo), "exit 2");
    assert.match(demo.output, /^error: \$ENVOY names `.*no-envoy`, which is not an executable file\n$/);
  });

  for (const [what, env, message] of [
    [
      "names none",
      {},
      /^error: \$CONTROL_PLANE names no API server; in a checkout, `make run DATASTORE=kubernetes` builds it$/m,
    ],
    [
      "names no program",
      { CONTROL_PLANE: "/none" },
      /^error: \$CONTROL_PLANE names `\/none`, which is not an executable file; /m,
    ],
  ] as const) {
    it(`says what to do where the environment ${what} to start as an API server`, async () => {
      const { demo } = start(["--datastore", "kubernetes"], { CONTROL_PLANE: "", ...env });
      assert.equal(await end(demo), "exit 2");
      assert.match(demo.output, message);
      assert.deepEqual(await readdir(folder), []);
    });
  }
});
