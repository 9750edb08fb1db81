import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import type { Message } from "../../src/policy/messages.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { SyncServer } from "../../src/sync/sync-server.ts";
import { AuthzClient } from "../support/authz-client.ts";
import { endpointId } from "../support/node-history.ts";
import { type SyncedSidecar, startSidecar } from "../support/synced-sidecar.ts";
import { UndoneState } from "../support/undone-state.ts";
import { until } from "../support/until.ts";

type VectorCheck = { readonly verdict: "allow" | "deny"; readonly code: number; readonly attributes: object };
type VectorStep = { readonly messages: readonly object[]; readonly checks: readonly VectorCheck[] };
type VectorCase = { readonly id: string; readonly steps: readonly VectorStep[] };

const DIRECTORY = new URL("../vectors/calico/", import.meta.url);
const REQUEST_COUNT = 7_190;
const POD = endpointId("api-0");

describe("recorded verdicts, from our server over a socket to one `ephor sidecar` process", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-sync-vectors-"));
  const fanOut = new FanOut();
  let sent = 0;
  const agent = new SyncServer(systemClock, fanOut, POD, {
    opened() {},
    closed() {},
    refused() {},
    sent: () => void sent++,
  });
  let sidecar: SyncedSidecar;
  let client: AuthzClient;

  before(async () => {
    await agent.listen(join(directory, "agent"));
    fanOut.apply([{ kind: "in_sync" }]);
    sidecar = await startSidecar(directory, ["--semantics", "calico", "--trust-domain", "*"]);
    client = new AuthzClient(`unix:${sidecar.authz}`);
  });
  after(async () => {
    client.close();
    await sidecar.stop();
    agent.close("the test is over");
    rmSync(directory, { recursive: true });
  });

  it(`agrees on all ${REQUEST_COUNT} requests, taken through every case by updates and removals`, async () => {
    const wrong: string[] = [];
    let requests = 0;
    let removals = 0;
    for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".json"))) {
      const vectors: VectorCase[] = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8"));
      for (const vector of vectors) {
        const state = new UndoneState();
        for (const [index, step] of vector.steps.entries()) {
          const messages = step.messages.map((payload) => readVectorMessage(payload, vector.id));
          if (index === 0 && !messages.some(({ kind }) => kind === "workload_endpoint_update")) {
            fanOut.apply([{ kind: "workload_endpoint_remove", id: POD }]);
            removals++;
          }
          // The stream of an endpoint that was removed has ended, and its sidecar comes back.
          await until(() => agent.backlog !== undefined);
          removals += messages.filter(({ kind }) => kind === "workload_endpoint_remove").length;
          state.apply(messages);
          fanOut.apply(messages);
          await sidecar.hasReceived(() => sent);
          const answers = await Promise.all(step.checks.map(({ attributes }) => client.ask(attributes)));
          requests += answers.length;
          for (const [at, { status }] of answers.entries()) {
            const want = step.checks[at]?.code;
            if (status?.code !== want)
              wrong.push(`${vector.id} step ${index} check ${at}: ${status?.code}, not ${want}`);
          }
        }
        fanOut.apply(state.undo(POD));
      }
    }
    assert.equal(requests, REQUEST_COUNT);
    assert.deepEqual(wrong, []);
    const streams = (await sidecar.status()).policySync?.streams ?? 0;
    assert.ok(streams <= 1 + removals, `${streams} streams: the sidecar lost one by itself`);
  });
});

/** As recorded, but for the one pod that this process guards. */
function readVectorMessage(payload: object, id: string): Message {
  const message = decodeMessage(payload);
  assert.ok(message.ok, id);
  const { value } = message;
  return value.kind === "workload_endpoint_update" || value.kind === "workload_endpoint_remove"
    ? { ...value, id: POD }
    : value;
}
