import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Clock } from "../../../src/base/clock.ts";
import type { Issue } from "../../../src/base/issue.ts";
import {
  STATUS_BURST,
  STATUS_LEASE_MS,
  STATUS_LEASE_RENEW_MS,
  STATUS_OBJECT_BURST,
  STATUS_REPEAT_MS,
} from "../../../src/base/limits.ts";
import type { StatusOutcome } from "../../../src/datastore/datastore.ts";
import { ApiClient } from "../../../src/datastore/kubernetes/api-client.ts";
import { EventReporter } from "../../../src/datastore/kubernetes/event-reporter.ts";
import { StatusLease } from "../../../src/datastore/kubernetes/status-lease.ts";
import { until } from "../../support/until.ts";
import { Followed, PODS, POLICIES, pod, policy } from "./followed.ts";
import { type Json, type ScriptedApi, sendStatus, V1 } from "./scripted-api.ts";
import { LEASE, WrittenEvents } from "./written-events.ts";

const GLOBAL = `/apis/${V1}/globalnetworkpolicies`;
const WALL_MS = Date.parse("2026-01-01T00:00:00Z");
const OURS = { spec: { holderIdentity: "node-1", renewTime: "2026-01-01T00:00:00.000000Z" } };
const ANOTHERS = { spec: { ...OURS.spec, holderIdentity: "node-2" } };

/** A cluster that is followed, and a reporter of its problems whose clock stands still until it is moved. */
class Reported {
  readonly followed: Followed;
  readonly written: WrittenEvents;
  readonly reporter: EventReporter;
  readonly outcomes: { readonly outcome: StatusOutcome; readonly detail: string }[] = [];
  nowMs = 0;
  #settled = 0;

  private constructor(
    followed: Followed,
    written: WrittenEvents,
    access: Awaited<ReturnType<ScriptedApi["access"]>>,
  ) {
    this.followed = followed;
    this.written = written;
    const clock: Clock = { nowMs: () => this.nowMs, wallMs: () => WALL_MS + this.nowMs };
    this.reporter = new EventReporter(clock, {
      access,
      instance: "node-1",
      subjectOf: (where) => followed.datastore.subjectOf(where),
      random: () => 0,
      onOutcome: (outcome, detail) => this.outcomes.push({ outcome, detail }),
    });
  }

  static async start(test: TestContext, prepare: (api: ScriptedApi) => void): Promise<Reported> {
    const followed = await Followed.start(test, (api) => {
      prepare(api);
      api.put(POLICIES, policy("last"));
    });
    return Reported.begin(test, followed, new WrittenEvents(followed.api));
  }

  static async begin(test: TestContext, followed: Followed, written: WrittenEvents): Promise<Reported> {
    const reported = new Reported(followed, written, await followed.api.access());
    test.after(() => reported.reporter.close());
    return reported;
  }

  /** As the node agent does at each change. */
  report(issues: readonly Issue[] = this.followed.issues): void {
    this.reporter.report(issues);
  }

  /** Time passes, and something makes the reporter look again. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.report();
  }

  /** Everything that is due now was decided: the problem after it, which is a new one each time, is written. */
  async settle(issues: readonly Issue[] = this.followed.issues): Promise<void> {
    const where = "NetworkPolicy shop/last";
    const message = `${this.nowMs} ${++this.#settled}`;
    this.report([...issues, { severity: "warning", code: "conflict", where, message }]);
    await until(() => this.written.events.some(({ note }) => note === `warning: ${message}`));
  }

  count(outcome: StatusOutcome): number {
    return this.outcomes.filter((one) => one.outcome === outcome).length;
  }
}

const broken = (api: ScriptedApi): void => api.put(POLICIES, policy("one", "high"));

describe("a problem of a policy", () => {
  it("is an Event on the policy, in its namespace", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.report();
    await until(() => reported.count("written") === 1);
    const [event] = reported.written.events;
    const { name, namespace } = (event?.["metadata"] ?? {}) as Json;
    assert.match(String(name), /^ephor-[0-9a-f]{32}$/);
    assert.equal(namespace, "shop");
    assert.ok(reported.written.objects.has(`/apis/events.k8s.io/v1/namespaces/shop/events/${name}`));
    const { note, regarding, ...rest } = event as Json;
    assert.match(String(note), /^error: spec\.order: .*number/);
    assert.deepEqual(regarding, {
      apiVersion: V1,
      kind: "NetworkPolicy",
      namespace: "shop",
      name: "one",
      uid: "uid-one",
      resourceVersion: "102",
    });
    assert.deepEqual(
      { ...rest, metadata: undefined },
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: undefined,
        eventTime: "2026-01-01T00:00:00.000000Z",
        type: "Warning",
        reason: "BadValue",
        action: "ReadPolicy",
        reportingController: "ephor.dev/node",
        reportingInstance: "node-1",
      },
    );
  });

  it("is in the namespace `default` where the policy has none", async (test) => {
    const reported = await Reported.start(test, (api) =>
      api.put(GLOBAL, { metadata: { name: "all" }, spec: { selector: "app ==" } }),
    );
    reported.report();
    await until(() => reported.count("written") === 1);
    const [event] = reported.written.events;
    assert.equal(((event?.["metadata"] ?? {}) as Json)["namespace"], "default");
    assert.equal(((event?.["regarding"] ?? {}) as Json)["namespace"], "");
    assert.equal(event?.["reason"], "BadSelector");
  });

  it("is told of the object that people see, where Calico's own API server stands before it", async (test) => {
    const uid = "01000000-0000-4000-8000-000000000080";
    const reported = await Reported.start(test, (api) => {
      api.groups = { ...api.groups, "projectcalico.org/v3": ["networkpolicies"] };
      api.put(POLICIES, { ...policy("one", "high"), metadata: { name: "one", namespace: "shop", uid } });
    });
    reported.report();
    await until(() => reported.count("written") === 1);
    const { apiVersion, uid: seen } = (reported.written.events[0]?.["regarding"] ?? {}) as Json;
    assert.deepEqual([apiVersion, seen], ["projectcalico.org/v3", "80000000-0000-4000-8000-000000000001"]);
  });

  it("fits into an Event however long it is, and whatever its letters", async (test) => {
    const reported = await Reported.start(test, broken);
    const where = "NetworkPolicy shop/one spec";
    reported.report([{ severity: "error", code: "limit", where, message: "ä€😀".repeat(500) }]);
    await until(() => reported.count("written") === 1);
    const note = String(reported.written.events[0]?.["note"]);
    assert.ok(Buffer.byteLength(note) <= 1_024 && Buffer.byteLength(note) > 1_020);
    assert.ok(!/\p{Surrogate}/u.test(note));
  });

  it("is not told again while it stands, but once in half an hour, and then as one more of the same", async (test) => {
    const reported = await Reported.start(test, broken);
    await reported.settle();
    assert.equal(reported.written.events.length, 2);
    reported.nowMs += STATUS_REPEAT_MS - 1;
    await reported.settle();
    assert.equal(reported.written.eventWrites.filter((line) => line.startsWith("PATCH")).length, 0);
    reported.nowMs += 1;
    await reported.settle();
    const patches = reported.written.writes.filter(({ line }) => line.startsWith("PATCH"));
    assert.equal(patches.length, 1);
    assert.match(
      JSON.stringify(patches[0]?.body),
      /^\{"series":\{"count":2,"lastObservedTime":"2026-01-01T00:30:00\.000000Z"\}\}$/,
    );
  });

  it("is told anew once the API server has forgotten the Event", async (test) => {
    const reported = await Reported.start(test, broken);
    await reported.settle();
    for (const path of reported.written.objects.keys())
      if (path !== LEASE) reported.written.objects.delete(path);
    reported.nowMs += STATUS_REPEAT_MS;
    await reported.settle();
    assert.ok(reported.written.events.some(({ reason }) => reason === "BadValue"));
  });

  it("that is mended gets no more Events, and when it comes back, the one that it had", async (test) => {
    const reported = await Reported.start(test, broken);
    await reported.settle();
    reported.followed.api.put(POLICIES, policy("one", 1));
    await reported.followed.until("mended", () => reported.followed.issues.length === 0);
    reported.nowMs += STATUS_REPEAT_MS;
    await reported.settle();
    assert.ok(!reported.written.eventWrites.some((line) => line.startsWith("PATCH")));
    reported.followed.api.put(POLICIES, policy("one", "high"));
    await reported.followed.until("broken again", () => reported.followed.issues.length === 1);
    await reported.settle();
    const event = reported.written.events.find(({ reason }) => reason === "BadValue");
    assert.equal(((event?.["series"] ?? {}) as Json)["count"], 2);
  });

  it("that was told a minute ago isn't told again by an agent that just started", async (test) => {
    const reported = await Reported.start(test, broken);
    await reported.settle();
    const second = await Reported.begin(test, reported.followed, reported.written);
    second.nowMs = 60_000;
    await second.settle();
    assert.ok(!second.written.eventWrites.some((line) => line.startsWith("PATCH")));
    await until(() => second.count("written") === 1); // the one that settling takes
  });
});

describe("what is no policy", () => {
  it("gets no Event: pods, a server that can't be reached, objects that are gone", async (test) => {
    const reported = await Reported.start(test, (api) => api.put(PODS, pod("web", "10.0.0.1")));
    const wheres = [
      "Pod shop/web",
      "Pod shop/web spec",
      "https://kubernetes.test",
      "NetworkPolicy shop/gone",
      "Tier",
      "",
    ];
    await reported.settle(
      wheres.map((where) => ({ severity: "error", code: "bad_value", where, message: "m" })),
    );
    assert.equal(reported.written.events.length, 1); // the one that settling takes
  });
});

describe("of many agents", () => {
  it("the one that has the Lease writes, and another when it may have ended", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.store(LEASE, ANOTHERS);
    const clock = { nowMs: () => reported.nowMs, wallMs: () => WALL_MS + reported.nowMs };
    const access = await reported.followed.api.access();
    const lease = new StatusLease(clock, new ApiClient(access), "node-1");
    const { signal } = new AbortController();
    assert.equal(await lease.hold(signal), STATUS_LEASE_MS);
    reported.nowMs += STATUS_LEASE_MS - 1;
    assert.equal(await lease.hold(signal), 1);
    assert.deepEqual(reported.written.writes, []);
    reported.nowMs += 1;
    assert.equal(await lease.hold(signal), 0);
    assert.deepEqual(
      reported.written.writes.map(({ line }) => line),
      [`PUT ${LEASE}`],
    );
    reported.nowMs += STATUS_LEASE_RENEW_MS - 1;
    assert.equal(await lease.hold(signal), 0);
    assert.equal(reported.written.writes.length, 1);
    reported.nowMs += 1;
    assert.equal(await lease.hold(signal), 0);
    assert.equal(reported.written.writes.length, 2);
  });

  it("one that doesn't have the Lease writes nothing until it has", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.store(LEASE, ANOTHERS);
    reported.report();
    await until(() => reported.written.requests.length === 1);
    await reported.reporter.close();
    assert.deepEqual([reported.written.eventWrites, reported.outcomes], [[], []]);
    const later = await Reported.begin(test, reported.followed, reported.written);
    later.nowMs = STATUS_LEASE_MS;
    later.report();
    await until(() => later.count("written") === 1);
  });

  it("two that take it at once are told apart by the server", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.fault = (request, response, path) =>
      request.method === "POST" && path.endsWith("/leases") && sendStatus(response, 409, "it is there");
    reported.report();
    await until(() => reported.written.writes.length === 1);
    await reported.reporter.close();
    assert.deepEqual([reported.written.eventWrites, reported.outcomes], [[], []]);
  });

  it("one goes on with the Lease that it had before it started again", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.store(LEASE, OURS);
    reported.report();
    await until(() => reported.count("written") === 1);
  });

  it("none is bound by the time of a clock that is wrong", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.store(LEASE, { spec: { ...ANOTHERS.spec, renewTime: "2027-01-01T00:00:00.000000Z" } });
    reported.report();
    await until(() => reported.count("written") === 1);
  });
});

describe("how often Events are written", () => {
  it("is limited for one object, however many problems it has", async (test) => {
    const reported = await Reported.start(test, broken);
    const where = "NetworkPolicy shop/one spec";
    const count = STATUS_OBJECT_BURST + 5;
    const issues = Array.from({ length: count }, (_, index): Issue => {
      return { severity: "error", code: "bad_value", where, message: `problem ${index}` };
    });
    reported.report(issues);
    await until(() => reported.outcomes.length === count);
    assert.deepEqual([reported.count("written"), reported.count("limited")], [STATUS_OBJECT_BURST, 5]);
  });

  it("is limited for all objects together, and the rest come later", async (test) => {
    const count = STATUS_BURST + 2;
    const reported = await Reported.start(test, (api) => {
      for (let index = 0; index < count; index++) api.put(POLICIES, policy(`p${index}`, "high"));
    });
    reported.report();
    await until(() => reported.count("written") === STATUS_BURST);
    assert.equal(reported.outcomes.length, STATUS_BURST);
    reported.nowMs += 1_000;
    reported.report();
    await until(() => reported.count("written") === STATUS_BURST + 1);
    reported.nowMs += 1_000;
    reported.report();
    await until(() => reported.count("written") === count);
  });
});

describe("where Events can't be written", () => {
  const faults: readonly (readonly [what: string, status: number, afterMs: number])[] = [
    ["permission is missing", 403, 300_000],
    ["too much is asked of the server", 429, 7_000],
    ["the server is in trouble", 503, 7_000],
  ];
  for (const [what, status, afterMs] of faults) {
    it(`is said once, and policy is read all the same: ${what}`, async (test) => {
      const reported = await Reported.start(test, broken);
      let isFaulty = true;
      reported.written.fault = (_request, response) =>
        isFaulty && sendStatus(response, status, "no", status === 403 ? {} : { "retry-after": "7" });
      reported.report();
      await until(() => reported.count("failed") === 1);
      reported.followed.api.put(POLICIES, policy("two", 2));
      await reported.followed.until("it is read", () => reported.followed.order("two") === 2);
      assert.ok(reported.followed.datastore.health().isConnected);
      isFaulty = false;
      reported.wait(afterMs - 1); // too early: no timer can be due
      assert.deepEqual([reported.written.requests.length, reported.count("failed")], [1, 1]);
      reported.wait(1);
      await until(() => reported.count("written") === 1);
    });
  }

  it("one Event that is refused doesn't hold up the others", async (test) => {
    const reported = await Reported.start(test, (api) => {
      api.put(POLICIES, policy("one", "high"));
      api.put(GLOBAL, { metadata: { name: "all" }, spec: { selector: "app ==" } });
    });
    reported.written.fault = (_request, response, path) =>
      path.includes("namespaces/shop/") && sendStatus(response, 403, "shop is being terminated");
    reported.report();
    await until(() => reported.outcomes.length === 2);
    assert.deepEqual([reported.count("failed"), reported.count("written")], [1, 1]);
    assert.match(reported.outcomes.find(({ outcome }) => outcome === "failed")?.detail ?? "", /terminated/);
  });

  it("a server that is away is tried again", async (test) => {
    const reported = await Reported.start(test, broken);
    let attempts = 0;
    reported.written.fault = (request) => {
      if (++attempts > 3) return false;
      request.socket.destroy();
      return true;
    };
    reported.report();
    for (let failures = 1; failures <= 3; failures++) {
      await until(() => reported.count("failed") === failures);
      reported.wait(30_000);
    }
    await until(() => reported.count("written") === 1);
  });

  it("nothing is sent once it is closed", async (test) => {
    const reported = await Reported.start(test, broken);
    reported.written.fault = () => true; // no answer, ever
    reported.report();
    await until(() => reported.written.requests.length === 1);
    await reported.reporter.close();
    reported.report();
    await reported.followed.datastore.close();
    assert.deepEqual([reported.written.requests.length, reported.outcomes], [1, []]);
  });
});
