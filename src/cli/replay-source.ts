import { readFile } from "node:fs/promises";
import { toError } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { IssuesError } from "../base/issue.ts";
import type { PolicyOptions } from "../policy/options.ts";
import { SnapshotStore } from "../policy/snapshot.ts";
import { SnapshotBuilder } from "../policy/snapshot-builder.ts";
import { readRecording } from "../sync/recording.ts";
import { UsageError } from "./io.ts";
import type { PolicySource, PolicySourceListener } from "./policy-source.ts";

export type ReplayOptions = {
  readonly file: string;
  /** Whose messages, as `NAMESPACE/NAME`; undefined where the recording holds one endpoint only. */
  readonly endpoint: string | undefined;
  readonly policy: PolicyOptions;
};

/** Policy as a recorded stream left it: for looking at a bug report, never for enforcing. */
export class ReplaySource implements PolicySource {
  readonly store: SnapshotStore = new SnapshotStore();
  readonly text: string;
  readonly #clock: Clock;
  readonly #listener: PolicySourceListener;
  readonly #options: ReplayOptions;

  constructor(clock: Clock, listener: PolicySourceListener, options: ReplayOptions) {
    this.text = `recording ${options.file}`;
    this.#clock = clock;
    this.#listener = listener;
    this.#options = options;
  }

  get inSync(): boolean {
    return this.store.current !== undefined;
  }

  async start(): Promise<void> {
    const { file, endpoint, policy } = this.#options;
    const text = await readFile(file, "utf8").catch((reason: unknown) => {
      throw new UsageError(`--replay: ${toError(reason).message}`);
    });
    const messages = readRecording(text, file, endpoint);
    if (!messages.ok) throw new IssuesError([messages.error]);
    const startedMs = this.#clock.nowMs();
    this.#listener.onJudging({ ...policy, inventory: "complete", inventoryFound: false });
    const builder = new SnapshotBuilder(policy);
    this.#listener.onIssues(builder.apply(messages.value));
    const snapshot = builder.build(1);
    this.store.publish(snapshot);
    this.#listener.onPublish(snapshot, this.#clock.nowMs() - startedMs);
  }

  async close(): Promise<void> {}

  status(): object {
    return {};
  }
}
