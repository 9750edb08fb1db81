import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { WATCH_SILENCE_MAX_MS } from "../../../src/base/limits.ts";
import { until } from "../../support/until.ts";
import { Followed, PODS, POLICIES, pod, policy } from "./followed.ts";
import { type Script, ScriptedApi, sendJson, sendStatus, V1 } from "./scripted-api.ts";

const GATE = `/apis/${V1}/clusterinformations`;

describe("a cluster's policy over the API", () => {
  it("is told once in full, then change by change", async (test) => {
    const followed = await Followed.start(test, (api) => {
      api.put(POLICIES, policy("one"));
      api.put(PODS, pod("web", "10.0.0.1"));
    });
    assert.equal(followed.inSyncCount, 1);
    assert.deepEqual([...followed.inForce.keys()].sort(), [
      "NetworkPolicy shop/one",
      "Pod shop/web",
      "Tier default",
      "Tier kube-admin",
      "Tier kube-baseline",
    ]);
    followed.api.put(POLICIES, policy("two", 2));
    followed.api.put(POLICIES, policy("one", 7));
    await followed.until("both", () => followed.order("two") === 2 && followed.order("one") === 7);
    followed.api.remove(POLICIES, "shop/one");
    await followed.until("gone", () => !followed.has("NetworkPolicy shop/one"));
    assert.equal(followed.inSyncCount, 1);
    assert.deepEqual(followed.issues, []);
    const { isConnected, ageMs } = followed.datastore.health();
    assert.ok(isConnected && ageMs >= 0 && ageMs < 10_000, `${ageMs}`);
  });

  it("comes in pages", async (test) => {
    const followed = await Followed.start(test, (api) => {
      for (let index = 0; index < 1_201; index++) api.put(PODS, pod(`p${index}`, "10.0.0.1"));
    });
    assert.equal([...followed.inForce.keys()].filter((key) => key.startsWith("Pod ")).length, 1_201);
    assert.equal(followed.api.requests.filter((path) => path.startsWith(`${PODS}?limit`)).length, 3);
  });

  it("asks for metadata alone where that is enough", async (test) => {
    const accepted = new Map<string, string>();
    await Followed.start(test, (api) => {
      api.script = (request, _response, url) => {
        accepted.set(url.pathname, request.headers.accept ?? "");
        return false;
      };
    });
    assert.match(accepted.get("/api/v1/namespaces") ?? "", /as=PartialObjectMetadata/);
    assert.match(accepted.get("/api/v1/serviceaccounts") ?? "", /as=PartialObjectMetadata/);
    assert.equal(accepted.get(PODS), "application/json");
  });

  it("reads the group that the cluster keeps Calico's objects in", async (test) => {
    const V3 = "projectcalico.org/v3";
    const plurals = ["clusterinformations", "networkpolicies", "tiers"];
    const served: readonly (readonly [groups: readonly string[], read: string])[] = [
      [[V1], V1],
      [[V3], V3],
      [[V1, V3], V1],
    ];
    for (const [groups, read] of served) {
      const followed = await Followed.start(test, (api) => {
        api.groups = Object.fromEntries(groups.map((group) => [group, plurals]));
        for (const group of [V1, V3]) {
          api.put(`/apis/${group}/clusterinformations`, {
            metadata: { name: "default" },
            spec: { datastoreReady: true },
          });
          api.put(`/apis/${group}/networkpolicies`, policy(group === V1 ? "v1" : "v3"));
        }
      });
      const names = ["v1", "v3"].filter((name) => followed.has(`NetworkPolicy shop/${name}`));
      assert.deepEqual(names, [read === V1 ? "v1" : "v3"], groups.join());
    }
  });
});

describe("the gate", () => {
  for (const [what, spec] of [
    ["says no", { datastoreReady: false }],
    ["says nothing", {}],
    ["says it in another type", { datastoreReady: "true" }],
  ] as const) {
    it(`stays closed while it ${what}`, async (test) => {
      const followed = await Followed.begin(test, (api) => {
        api.put(GATE, { metadata: { name: "default" }, spec });
        api.put(GATE, { metadata: { name: "other" }, spec: { datastoreReady: true } });
        api.put(POLICIES, policy("one"));
      });
      await followed.until("it is said", () =>
        followed.issues.some(({ where }) => where.endsWith("ClusterInformation")),
      );
      assert.equal(followed.inSyncCount, 0);
      assert.ok(!followed.api.requests.some((path) => path.startsWith(POLICIES)));
      assert.equal(followed.datastore.health().isConnected, false);
      followed.api.put(GATE, { metadata: { name: "default" }, spec: { datastoreReady: true } });
      await followed.started;
      assert.equal(followed.order("one"), 1);
      assert.deepEqual(followed.issues, []);
    });
  }

  it("closed again, leaves all as it was until it opens", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    followed.api.put(GATE, { metadata: { name: "default" }, spec: { datastoreReady: false } });
    await followed.until("it is said", () => followed.issues.length === 1);
    followed.api.remove(POLICIES, "shop/one");
    followed.api.put(POLICIES, policy("two"));
    assert.equal(followed.datastore.health().isConnected, false);
    assert.ok(followed.has("NetworkPolicy shop/one"));
    assert.ok(!followed.has("NetworkPolicy shop/two"));
    followed.api.put(GATE, { metadata: { name: "default" }, spec: { datastoreReady: true } });
    await followed.until("new state", () => followed.has("NetworkPolicy shop/two"));
    assert.ok(!followed.has("NetworkPolicy shop/one"));
  });
});

describe("an API server in its first seconds", () => {
  it("is not believed to have no policies, whatever it says", async (test) => {
    const followed = await Followed.begin(test, (api) => {
      api.put(POLICIES, policy("one"));
      api.readiness = 503;
      api.groups = {};
      api.script = (_request, response, url) =>
        url.pathname.startsWith(`/apis/${V1}/`) && sendStatus(response, 404, "page not found");
    });
    await followed.until("it is said", () =>
      followed.issues.some(({ message }) => message.includes("not ready yet")),
    );
    assert.equal(followed.inSyncCount, 0);
    followed.api.script = (_request, response, url) =>
      url.pathname.startsWith(`/apis/${V1}/`) && sendStatus(response, 503, "before all known paths");
    followed.api.groups = { [V1]: ["clusterinformations", "networkpolicies"] };
    followed.api.readiness = 200;
    await followed.until("and this", () =>
      followed.issues.some(({ message }) => message.includes("all known paths")),
    );
    assert.equal(followed.inSyncCount, 0);
    followed.api.script = () => false;
    await followed.started;
    assert.equal(followed.order("one"), 1);
  });

  it("restarted, takes nothing away", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    followed.api.readiness = 500;
    followed.api.groups = {};
    let refused = 0;
    followed.api.script = (_request, response, url) => {
      if (!url.pathname.startsWith(`/apis/${V1}/networkpolicies`)) return false;
      refused++;
      return sendStatus(response, 404, "page not found");
    };
    followed.api.cut();
    await followed.until("refusals", () => refused > 0 && followed.issues.length > 0);
    assert.ok(followed.has("NetworkPolicy shop/one"));
    assert.equal(followed.datastore.health().isConnected, false);
    followed.api.groups = { [V1]: ["networkpolicies"] };
    followed.api.readiness = 200;
    followed.api.put(POLICIES, policy("two", 2));
    followed.api.script = () => false;
    await followed.until("the new one", () => followed.order("two") === 2);
    assert.ok(followed.has("NetworkPolicy shop/one"));
  });
});

describe("a watch", () => {
  /** Answers one request to watch policies, the `nth`, with the script; all others are as ever. */
  function onWatch(nth: number, script: Script): Script {
    let seen = 0;
    return (request, response, url) =>
      url.pathname === POLICIES &&
      url.searchParams.get("watch") === "1" &&
      ++seen === nth &&
      script(request, response, url);
  }

  it("whose history is gone (410) leads to a full list, in which deletions show", async (test) => {
    const followed = await Followed.start(test, (api) => {
      api.put(POLICIES, policy("one"));
      api.put(POLICIES, policy("two"));
    });
    const { api } = followed;
    await followed.until("a watch", () => api.watchCount(POLICIES) === 1);
    api.script = (_request, response, url) =>
      url.pathname === POLICIES && sendStatus(response, 503, "closed", { "retry-after": "1" });
    api.endWatches(POLICIES);
    api.remove(POLICIES, "shop/one");
    api.compactedAt = api.version;
    api.script = () => false;
    await followed.until("the deletion", () => !followed.has("NetworkPolicy shop/one"));
    assert.ok(followed.has("NetworkPolicy shop/two"));
  });

  it("answered 410 as a status leads to a full list", async (test) => {
    const followed = await Followed.start(test, (api) => {
      api.script = onWatch(1, (_request, response) => sendStatus(response, 410, "Expired"));
    });
    followed.api.put(POLICIES, policy("one"));
    await followed.until("a watch", () => followed.has("NetworkPolicy shop/one"));
    assert.equal(followed.api.requests.filter((path) => path.startsWith(`${POLICIES}?limit`)).length, 2);
  });

  const broken: readonly (readonly [what: string, bytes: string | Buffer])[] = [
    ["no JSON", "{]\n"],
    ["no event", '{"type":"NEWS","object":{}}\n'],
    ["an object without a name", '{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"9999"}}}\n'],
    ["a deletion of nobody", '{"type":"DELETED","object":{}}\n'],
    ["a bookmark to nowhere", '{"type":"BOOKMARK","object":{"metadata":{}}}\n'],
    ["an error", '{"type":"ERROR","object":{"code":500,"message":"etcd is away"}}\n'],
    ["bytes that are no text", Buffer.from([0x22, 0xff, 0xfe, 0x0a])],
  ];
  for (const [what, bytes] of broken) {
    it(`that says ${what} is begun again where it was`, async (test) => {
      const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
      const { api } = followed;
      await followed.until("a watch", () => api.watchCount(POLICIES) === 1);
      api.send(POLICIES, bytes);
      await followed.until("it is noticed", () => followed.issues.some(({ code }) => code === "unreadable"));
      assert.ok(followed.has("NetworkPolicy shop/one"));
      api.put(POLICIES, policy("two"));
      await followed.until(
        "it goes on",
        () => followed.has("NetworkPolicy shop/two") && followed.issues.length === 0,
      );
      assert.equal(api.requests.filter((path) => path.startsWith(`${POLICIES}?limit`)).length, 1);
    });
  }

  it("cut inside a line loses nothing and applies no half", async (test) => {
    const followed = await Followed.start(test, (api) => api.put(POLICIES, policy("one")));
    const { api } = followed;
    await followed.until("a watch", () => api.watchCount(POLICIES) === 1);
    api.send(
      POLICIES,
      '{"type":"DELETED","object":{"metadata":{"name":"one","namespace":"shop","resourceVersion":"900"}}}',
    );
    api.cut();
    api.put(POLICIES, policy("two"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/two"));
    assert.ok(followed.has("NetworkPolicy shop/one"));
  });

  it("takes bookmarks as its place", async (test) => {
    const followed = await Followed.start(test);
    const { api } = followed;
    await followed.until("a watch", () => api.watchCount(POLICIES) === 1);
    api.version = 4_710;
    api.send(POLICIES, '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"4710"}}}\n');
    api.put(POLICIES, policy("one")); // told on the same watch, so after this the bookmark was read
    await followed.until("the bookmark is read", () => followed.has("NetworkPolicy shop/one"));
    api.send(POLICIES, '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"4800"}}}\n');
    api.endWatches(POLICIES);
    api.version = 4_800;
    api.put(POLICIES, policy("two"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/two"));
    assert.ok(
      api.requests.some((path) => path.startsWith(POLICIES) && path.includes("resourceVersion=4800")),
    );
  });

  it("that says nothing from its beginning leads to a full list, as where a server's data were restored from a copy", async (test) => {
    let aheadMs = 0;
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
    const api = await ScriptedApi.start(test);
    api.put(POLICIES, policy("one"));
    api.put(POLICIES, policy("two"));
    const followed = new Followed(api, await api.access(), clock);
    test.after(() => followed.datastore.close());
    await followed.datastore.start(followed);
    await until(() => api.watchCount(POLICIES) === 1);
    const lists = (): number => api.requests.filter((path) => path.startsWith(`${POLICIES}?limit`)).length;
    api.forget(POLICIES, "shop/one");
    aheadMs += WATCH_SILENCE_MAX_MS - 60_000;
    api.cut();
    await until(() => api.watchCount(POLICIES) === 1);
    assert.equal(lists(), 1);
    assert.ok(followed.has("NetworkPolicy shop/one"));
    aheadMs += WATCH_SILENCE_MAX_MS;
    api.cut();
    await followed.until("a list", () => !followed.has("NetworkPolicy shop/one"));
    assert.equal(lists(), 2);
    assert.ok(followed.has("NetworkPolicy shop/two"));
  });

  it("refused with 429 waits for as long as it is asked to", async (test) => {
    const followed = await Followed.start(test);
    const { api } = followed;
    const atMs: number[] = [];
    api.script = (_request, response, url) => {
      if (url.pathname !== POLICIES) return false;
      atMs.push(performance.now());
      return atMs.length === 1 && sendStatus(response, 429, "too many requests", { "retry-after": "1" });
    };
    api.cut();
    api.put(POLICIES, policy("one"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/one"));
    const [first = 0, second = 0] = atMs;
    assert.ok(second - first >= 990, `${second - first} ms`);
  });

  it("that fails five times in one place gives way to a list", async (test) => {
    const followed = await Followed.start(test);
    const { api } = followed;
    let watches = 0;
    api.script = (_request, response, url) => {
      if (url.pathname !== POLICIES || url.searchParams.get("watch") !== "1") return false;
      return ++watches <= 5 && sendStatus(response, 504, "too large resource version");
    };
    api.cut();
    api.put(POLICIES, policy("one"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/one"));
    assert.equal(api.requests.filter((path) => path.startsWith(`${POLICIES}?limit`)).length, 2);
  });
});

describe("a list", () => {
  it("that loses its second page (410) is made again, and nothing of the first counts", async (test) => {
    let refused = 0;
    const followed = await Followed.start(test, (api) => {
      for (let index = 0; index < 600; index++) api.put(PODS, pod(`p${index}`, "10.0.0.1"));
      api.script = (_request, response, url) =>
        url.searchParams.has("continue") &&
        ++refused <= 3 &&
        sendStatus(response, 410, "the token is too old");
    });
    assert.equal([...followed.inForce.keys()].filter((key) => key.startsWith("Pod ")).length, 600);
    assert.equal(followed.batches.filter((batch) => batch.some(({ key }) => key.kind === "Pod")).length, 1);
  });

  for (const [what, body] of [
    ["no list", "a proxy's page"],
    ["a list without a version", { metadata: {}, items: [] }],
    [
      "an item without a name",
      { metadata: { resourceVersion: "5" }, items: [{ metadata: { resourceVersion: "1" } }] },
    ],
  ] as const) {
    it(`that is ${what} is never read as an empty one`, async (test) => {
      let isBroken = true;
      const followed = await Followed.begin(test, (api) => {
        api.put(POLICIES, policy("one"));
        api.script = (_request, response, url) => {
          if (!isBroken || url.pathname !== POLICIES) return false;
          sendJson(response, 200, body);
          return true;
        };
      });
      await followed.until("it is said", () => followed.issues.some(({ code }) => code === "unreadable"));
      assert.equal(followed.inSyncCount, 0);
      isBroken = false;
      await followed.started;
      assert.equal(followed.order("one"), 1);
    });
  }
});

describe("credentials", () => {
  it("that are refused are asked for again at once", async (test) => {
    let token = "old";
    let valid = "old";
    const followed = await Followed.start(
      test,
      (api) => {
        api.script = (request, response) =>
          request.headers.authorization !== `Bearer ${valid}` && sendStatus(response, 401, "Unauthorized");
      },
      () => token,
    );
    valid = "new";
    token = "new";
    followed.api.cut();
    followed.api.put(POLICIES, policy("one"));
    await followed.until("it goes on", () => followed.has("NetworkPolicy shop/one"));
  });

  for (const [what, token] of [
    ["that can't be read", () => assert.fail("the file is gone")],
    ["that no header can carry", () => "two\nlines"],
  ] as const) {
    it(`${what} are an issue, not an end`, async (test) => {
      let give: () => string = () => "good";
      const followed = await Followed.start(test, undefined, () => give());
      give = token;
      followed.api.cut();
      await followed.until("it is said", () => followed.issues.some(({ code }) => code === "unreadable"));
      give = () => "good";
      followed.api.put(POLICIES, policy("one"));
      await followed.until("it goes on", () => followed.has("NetworkPolicy shop/one"));
    });
  }

  it("without permission are said, by kind, and nothing is in sync", async (test) => {
    const followed = await Followed.begin(test, (api) => {
      api.script = (_request, response, url) =>
        url.pathname === PODS && sendStatus(response, 403, "pods is forbidden: cannot list");
    });
    await followed.until("it is said", () =>
      followed.issues.some(({ message }) => message.includes("forbidden")),
    );
    assert.match(followed.issues.map(({ where }) => where).join(), /^https:\/\/kubernetes\.test Pod$/);
    assert.equal(followed.inSyncCount, 0);
  });
});

describe("closing", () => {
  it("before it is in sync rejects the start, and says nothing more", async (test) => {
    const followed = await Followed.begin(test, (api) => {
      api.script = (_request, response, url) => url.pathname === PODS && sendStatus(response, 503, "busy");
    });
    await followed.until("it is said", () => followed.issues.length > 0);
    const calls = followed.issueLists.length;
    await followed.datastore.close();
    await assert.rejects(followed.started, /closed before/);
    followed.api.put(POLICIES, policy("one"));
    assert.equal(followed.issueLists.length, calls);
    assert.equal(followed.inSyncCount, 0);
  });
});
