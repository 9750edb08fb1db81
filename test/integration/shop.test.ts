/** The example's policies in front of a real Envoy: every question of the demo, over each version of HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { differences } from "../../src/cli/demo/scene-table.ts";
import { type Scene, TOPICS } from "../../src/cli/demo/scenes.ts";
import { Stage } from "../../src/cli/demo/stage.ts";
import { requireEnvoy } from "../support/envoy.ts";

describe("examples/shop behind Envoy", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(systemClock, await requireEnvoy());
  });
  after(() => stage.close());

  function verify(name: string, scene: Scene): void {
    it(name, async () => assert.deepEqual(differences(scene.expect, await stage.ask(scene)), []));
  }

  for (const { title, scenes } of TOPICS) {
    describe(title, () => {
      for (const scene of scenes) {
        const { http, caller, expect, to } = scene;
        const asked = http === undefined ? `TCP to ${to}` : `${http.method} ${http.path}`;
        const name = `${caller} asks ${asked} of ${to}: ${expect.answer}`;
        if (http === undefined) {
          verify(name, scene);
          continue;
        }
        for (const version of ["http/1.1", "h2"] as const) {
          verify(`${name}, ${version}`, { ...scene, http: { ...http, version } });
        }
      }
    });
  }

  it("tells a denied client nothing but the decision's id, and Envoy the rest", async () => {
    const http = { method: "DELETE", path: "/v1/items/7" };
    const { answer, decision } = await stage.ask({ caller: "web", to: "https", http });
    assert.ok(answer.kind === "http");
    assert.match(answer.headers.get("x-ephor-decision") ?? "", /^[0-9a-f]{16}$/);
    assert.equal(answer.body, "");
    const names = [...answer.headers.keys()].sort();
    assert.deepEqual(names, ["connection", "content-length", "date", "server", "x-ephor-decision"]);
    assert.equal(decision?.reason, "tier_default");
  });

  it("gives an allowed client no trace of Ephor", async () => {
    const http = { method: "GET", path: "/v1/items" };
    const { answer } = await stage.ask({ caller: "web", to: "https", http });
    assert.ok(answer.kind === "http");
    assert.equal(answer.headers.get("x-ephor-decision"), undefined);
  });
});
