/** When something goes wrong or goes away: Envoy must never take silence for a yes, nor a restart for an outage. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { awaitCondition } from "../../src/cli/demo/child-process.ts";
import type { AuthzFilter } from "../../src/cli/demo/envoy-config.ts";
import { ALLOW_PUBLIC, networkPolicy, WEB, World } from "../support/envoy.ts";
import { Traffic } from "../support/traffic.ts";

const ALLOWED = { method: "GET", path: "/public/a" };
const DENIED = { method: "GET", path: "/secret" };

function listener(authz: AuthzFilter): { name: string; protocol: "http"; tls: boolean; authz: AuthzFilter } {
  return { name: "http", protocol: "http", tls: true, authz };
}

/** Both kinds of request at once, from four clients each, which end with the test whatever becomes of it. */
function bothKinds(test: TestContext, world: World): { allowed: Traffic; denied: Traffic } {
  const common = { listener: "http", caller: WEB, clients: 4 };
  const allowed = new Traffic(world, { ...common, ask: ALLOWED });
  const denied = new Traffic(world, { ...common, ask: DENIED });
  test.after(() => Promise.all([allowed.stop(), denied.stop()]));
  return { allowed, denied };
}

describe("when a check gets no answer", () => {
  let world: World;
  afterEach(() => world.close());

  it("is denied with failure mode closed, where Ephor has never been", async () => {
    world = await World.open({ listeners: [listener({})], policies: {}, withoutSidecar: true });
    assert.equal(await world.status("http", WEB, ALLOWED), 403);
    assert.equal(world.upstream.answered, 0);
  });

  it("is never let in while Ephor is killed and restarted under traffic", async (test) => {
    world = await World.open({ listeners: [listener({})], policies: { "public.yaml": ALLOW_PUBLIC } });
    const { allowed, denied } = bothKinds(test, world);
    const more = (traffic: Traffic, outcome: string): (() => boolean) => {
      const before = traffic.count(outcome);
      return () => traffic.count(outcome) > before + 20;
    };
    const options = { timeoutMs: 10_000, process: world.envoy.process };
    for (let round = 0; round < 2; round++) {
      await awaitCondition("allowed requests succeed", more(allowed, "200"), options);
      await awaitCondition("denied requests are denied", more(denied, "403"), options);
      world.sidecar.process.signal("SIGKILL");
      assert.equal(await world.sidecar.process.exited, "ended by SIGKILL");
      await awaitCondition("requests are denied without Ephor", more(allowed, "403"), options);
      await world.startSidecar();
    }
    await awaitCondition("allowed requests succeed again", more(allowed, "200"), options);
    const [allowedTally, deniedTally] = [await allowed.stop(), await denied.stop()];
    assert.deepEqual([...deniedTally.keys()], ["403"]);
    assert.deepEqual([...allowedTally.keys()].sort(), ["200", "403"]);
    assert.equal(world.upstream.answered, allowed.count("200"));
  });
});

describe("with failure mode open and Envoy's own timeout of 200 ms", () => {
  let world: World;
  before(async () => {
    const policies: Record<string, string> = { "public.yaml": ALLOW_PUBLIC };
    for (let index = 0; index < POLICY_COUNT; index++) policies[`bulk-${index}.yaml`] = bulkPolicy(index, 0);
    world = await World.open({ listeners: [listener({ timeoutMs: 200, failureModeAllow: true })], policies });
  });
  after(() => world.close());

  it("answers in time while policy is being replaced, so that nobody slips through", async (test) => {
    const { allowed, denied } = bothKinds(test, world);
    for (let round = 1; round <= ROUNDS; round++) {
      // All files of a round at once, as a checkout or a mounted ConfigMap replaces them.
      const files = Array.from({ length: POLICY_COUNT }, (_, index) => index);
      await Promise.all(files.map((index) => world.write(`bulk-${index}.yaml`, bulkPolicy(index, round))));
      const asked = denied.total;
      const goesOn = (): boolean => denied.total > asked + 20;
      await awaitCondition("requests go on", goesOn, { timeoutMs: 10_000, process: world.envoy.process });
    }
    await untilInForce(world, ROUNDS);
    assert.deepEqual([...(await denied.stop()).keys()], ["403"]);
    assert.deepEqual([...(await allowed.stop()).keys()], ["200"]);
    assert.equal(await world.envoy.counter("http.http.ext_authz.failure_mode_allowed"), 0);
    assert.equal(await world.envoy.counter("http.http.ext_authz.error"), 0);
    assert.ok((await world.envoy.counter("http.http.ext_authz.denied")) >= denied.total);
  });

  it("would let everybody in if Ephor hung, which is why it is not recommended", async () => {
    const { process } = world.sidecar;
    process.signal("SIGSTOP");
    assert.equal(await world.status("http", WEB, DENIED), 200);
    process.signal("SIGCONT");
    assert.ok((await world.envoy.counter("http.http.ext_authz.failure_mode_allowed")) > 0);
    const answers = async (): Promise<boolean> => (await world.status("http", WEB, DENIED)) === 403;
    await awaitCondition("Ephor answers again", answers, { timeoutMs: 10_000, process });
  });

  const POLICY_COUNT = 200;
  const ROUNDS = 5;

  /** Guards the same pod and allows one path of the round's, so that what is in force can be told from outside. */
  function bulkPolicy(index: number, round: number): string {
    const rules = Array.from(
      { length: 5 },
      (_, rule) =>
        `{ action: Allow, source: { serviceAccounts: { names: [web] } }, http: { methods: [GET], paths: [{ exact: /bulk/${index}/${rule}/${round} }] } }`,
    );
    return networkPolicy(`bulk-${index}`, `[${rules.join(", ")}]`, 1_000 + index);
  }

  async function untilInForce(world: World, round: number): Promise<void> {
    const ask = { method: "GET", path: `/bulk/${POLICY_COUNT - 1}/4/${round}` };
    const options = { timeoutMs: 10_000, process: world.sidecar.process };
    await awaitCondition(
      "the last round is in force",
      async () => (await world.status("http", WEB, ask)) === 200,
      options,
    );
  }
});

describe("when Ephor is asked to stop", () => {
  let world: World;
  afterEach(() => world.close());

  it("answers until Envoy has drained, without one failed request, and ends well", async (test) => {
    world = await World.open({ listeners: [listener({})], policies: { "public.yaml": ALLOW_PUBLIC } });
    const { allowed, denied } = bothKinds(test, world);
    const options = { timeoutMs: 10_000, process: world.envoy.process };
    const grown = (by: number): (() => boolean) => {
      const [a, d] = [allowed.total, denied.total];
      return () => allowed.total > a + by && denied.total > d + by;
    };
    await awaitCondition("requests are answered", grown(50), options);
    world.sidecar.process.signal("SIGTERM");
    await awaitCondition("it says it isn't ready", async () => !(await world.sidecar.isReady()), options);
    await world.envoy.drainListeners();
    await awaitCondition("requests are still answered", grown(100), options);
    const tallies = await Promise.all([allowed.stop(), denied.stop()]);
    assert.deepEqual(
      tallies.map((tally) => [...tally.keys()]),
      [["200"], ["403"]],
    );
    assert.equal(world.sidecar.process.ended, undefined);
    await world.envoy.stop();
    assert.equal(await world.sidecar.process.exited, "exit 0");
  });
});
