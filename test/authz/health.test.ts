import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { type HealthClient, loadProtocols } from "envoy-ext-authz-proto";
import { HEALTH_CHECK_PATH } from "../../src/authz/health.ts";
import { AUTHORIZATION_SERVICES } from "../../src/authz/index.ts";
import { AuthzFixture } from "../support/authz-fixture.ts";

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

  it("tells who wants to watch that this is not served, and goes on", async () => {
    await using fixture = await AuthzFixture.start();
    using client = healthClient(fixture);
    const error = await new Promise<ServiceError>((resolve) => {
      client
        .Watch({ service: "" })
        .on("error", resolve)
        .on("data", () => {});
    });
    assert.equal(error.code, status.UNIMPLEMENTED);
    assert.equal(await check(client, ""), "NOT_SERVING");
  });

  it("says so of bytes that are no question", async () => {
    await using fixture = await AuthzFixture.start();
    const asIs = (bytes: Buffer): Buffer => bytes;
    for (const [hex, want] of [
      ["0a0178", status.NOT_FOUND],
      ["0a05", status.INVALID_ARGUMENT],
      ["ff", status.INVALID_ARGUMENT],
      ["1001", undefined],
    ] as const) {
      const code = await new Promise((resolve) => {
        fixture
          .client()
          .grpc.makeUnaryRequest(HEALTH_CHECK_PATH, asIs, asIs, Buffer.from(hex, "hex"), (error) =>
            resolve(error?.code),
          );
      });
      assert.equal(code, want, hex);
    }
  });
});
