import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuthzOptions, AuthzServer, type DecisionObserver } from "../../src/authz/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { AuthzClient } from "./authz-client.ts";

const POLICY_ID = { name: "api", namespace: "shop", kind: "NetworkPolicy" };

/** Publishes a policy of these inbound rules (names as in the protocol texts) for one pod, `shop/api`. */
export function publishRules(store: SnapshotStore, rules: readonly object[]): void {
  const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
  const payloads = [
    {
      active_policy_update: {
        id: POLICY_ID,
        policy: { namespace: "shop", tier: "default", inbound_rules: rules },
      },
    },
    {
      workload_endpoint_update: {
        id: { orchestrator_id: "k8s", workload_id: "shop/api", endpoint_id: "eth0" },
        endpoint: { tiers: [{ name: "default", ingress_policies: [POLICY_ID], default_action: "Deny" }] },
      },
    },
    { in_sync: {} },
  ];
  for (const payload of payloads) {
    const message = decodeMessage(payload);
    assert.ok(message.ok);
    assert.deepEqual(builder.apply([message.value]), []);
  }
  store.publish(builder.build((store.current?.revision ?? 0) + 1));
}

/** GET under /public for everybody, anything for the service account `web`. */
export const SHOP_RULES: readonly object[] = [
  { action: "allow", http_match: { methods: ["GET"], paths: [{ prefix: "/public" }] } },
  { action: "allow", src_service_account_match: { names: ["web"] } },
];

/** A check of `GET PATH` from 10.1.0.7 to 10.1.0.9, port 8080. */
export function getCheck(path: string, principal = ""): object {
  return {
    source: { address: { socket_address: { address: "10.1.0.7", port_value: 40_000 } }, principal },
    destination: { address: { socket_address: { address: "10.1.0.9", port_value: 8_080 } } },
    request: { http: { method: "GET", path, protocol: "HTTP/2" } },
  };
}

export type Decision = Parameters<DecisionObserver["onDecision"]>;

/**
 * A server on a Unix socket of its own, with what it needs and clients that end with it.
 *
 * Use as `await using`: everything is closed at the end of the block.
 */
export class AuthzFixture implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), "ephor-authz-"));
  readonly socket: string = join(this.directory, "s");
  readonly store = new SnapshotStore();
  readonly decisions: Decision[] = [];
  readonly errors: Error[] = [];
  readonly server: AuthzServer;
  readonly #clients: AuthzClient[] = [];

  constructor(options: AuthzOptions = {}, observer?: DecisionObserver) {
    const identity = new PeerIdentityReader(systemClock, {
      trustDomains: ["cluster.local"],
      semantics: "strict",
    });
    const keep: DecisionObserver = {
      onDecision: (verdict, flow, id) => this.decisions.push([verdict, { ...flow }, id]),
    };
    this.server = new AuthzServer(systemClock, this.store, identity, observer ?? keep, {
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  /** Listening on its Unix socket, with SHOP_RULES in force. */
  static async start(options: AuthzOptions = {}, observer?: DecisionObserver): Promise<AuthzFixture> {
    const fixture = new AuthzFixture(options, observer);
    publishRules(fixture.store, SHOP_RULES);
    await fixture.server.listen({ kind: "unix", path: fixture.socket });
    return fixture;
  }

  client(target: string = `unix:${this.socket}`, ...more: unknown[]): AuthzClient {
    const client = new AuthzClient(target, ...(more as []));
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Waits until a condition holds; rejects after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `in time: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
