import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials, status } from "@grpc/grpc-js";
import { type HealthClient, loadProtocols } from "envoy-ext-authz-proto";
import { AUTHORIZATION_SERVICES } from "../../src/authz/index.ts";
import { AuthzFixture, until } from "../support/authz-fixture.ts";

function healthClient(fixture: AuthzFixture): HealthClient & Disposable {
  const { Health } = loadProtocols().grpc.health.v1;
  const client = new Health(`unix:${fixture.socket}`, credentials.createInsecure());
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

function check(client: HealthClient, service: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    client.Check({ service }, (error, response) =>
      error === null ? resolve(response?.status) : reject(error),
    );
  });
}

describe("grpc.health.v1", () => {
  it("says whether the server serves, as a whole and for each of its services", async () => {
    await using fixture = await AuthzFixture.start();
    using client = healthClient(fixture);
    for (const service of ["", ...AUTHORIZATION_SERVICES]) {
      fixture.server.setServing(false);
      assert.equal(await check(client, service), "NOT_SERVING");
      fixture.server.setServing(true);
      assert.equal(await check(client, service), "SERVING");
    }
  });

  it("a new server does not serve yet", async () => {
    await using fixture = await AuthzFixture.start();
    using client = healthClient(fixture);
    assert.equal(await check(client, ""), "NOT_SERVING");
  });

  it("does not know other services", async () => {
    await using fixture = await AuthzFixture.start();
    using client = healthClient(fixture);
    await assert.rejects(check(client, "felix.PolicySync"), { code: status.NOT_FOUND });
  });

  it("tells watchers of each change, until the drain is over", async () => {
    await using fixture = await AuthzFixture.start();
    using client = healthClient(fixture);
    const seen: (string | undefined)[] = [];
    const watch = client.Watch({ service: "" });
    let hasEnded = false;
    watch.on("data", ({ status: said }) => seen.push(said));
    watch.on("error", () => {
      hasEnded = true;
    });
    await until(() => seen.length === 1, "the status now");
    fixture.server.setServing(true);
    await until(() => seen.length === 2, "the change");
    await fixture.server.drain(50);
    await until(() => hasEnded, "the end of the stream");
    assert.deepEqual(seen.slice(0, 3), ["NOT_SERVING", "SERVING", "NOT_SERVING"]);
  });
});
