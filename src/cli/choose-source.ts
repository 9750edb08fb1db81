import { systemClock } from "../base/clock.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../policy/options.ts";
import { guardedWorkload } from "./guarded-workload.ts";
import { UsageError } from "./io.ts";
import type { PolicyFlags } from "./policy-flags.ts";
import type { PolicySource, PolicySourceListener } from "./policy-source.ts";

/** Where a sidecar's policy comes from: exactly one of `policies`, `policySync` and `replay`. */
export type SourceFlags = PolicyFlags & {
  /** Path of a node agent's socket. */
  readonly policySync?: string;
  /** Milliseconds. */
  readonly maxStaleness?: number;
  readonly replay?: string;
};

export type SourceChoice = {
  /** For error messages. */
  readonly name: string;
  readonly guards: string;
  readonly create: (listener: PolicySourceListener) => PolicySource;
};

/** What the flags choose; each source is loaded only when it is chosen, so that a sidecar carries what it runs. */
export async function chooseSource(flags: SourceFlags): Promise<SourceChoice> {
  const { policies, policySync, replay } = flags;
  if ([policies, policySync, replay].filter((value) => value !== undefined).length !== 1) {
    throw new UsageError("one of --policies DIR, --policy-sync unix:PATH and --replay FILE is required");
  }
  if (policies !== undefined) return await filesSource(flags, policies);
  const [misplaced] = FILES_ONLY.filter(([key]) => flags[key] !== undefined);
  if (misplaced !== undefined) throw new UsageError(`${misplaced[1]} goes with --policies only`);
  const guards = flags.workload === undefined ? "" : `${flags.workload.namespace}/${flags.workload.name}`;
  const policy = judgedByAgent(flags);
  if (replay !== undefined) {
    const { ReplaySource } = await import("./replay-source.ts");
    const options = { file: replay, endpoint: guards === "" ? undefined : guards, policy };
    return { name: replay, guards, create: (listener) => new ReplaySource(systemClock, listener, options) };
  }
  const { SyncSource } = await import("./sync-source.ts");
  const options = {
    path: policySync ?? "",
    policy,
    maxStalenessMs: flags.maxStaleness,
    ownUid: process.getuid?.() ?? 0,
  };
  return {
    name: "policy sync",
    guards,
    create: (listener) => new SyncSource(systemClock, listener, options),
  };
}

async function filesSource(flags: SourceFlags, directory: string): Promise<SourceChoice> {
  if (flags.maxStaleness !== undefined) throw new UsageError("--max-staleness goes with --policy-sync only");
  const guarded = guardedWorkload(flags);
  const { FileDatastore } = await import("../datastore/files/file-datastore.ts");
  const { EmbeddedSource } = await import("./embedded-source.ts");
  const datastore = new FileDatastore(systemClock, { directory });
  const options = { text: `files ${directory}`, flags, guarded };
  return {
    name: directory,
    guards: guarded.text,
    create: (listener) => new EmbeddedSource(systemClock, datastore, listener, options),
  };
}

/** Flags that only say something where this process calculates policy itself. */
const FILES_ONLY: readonly (readonly [keyof SourceFlags, string])[] = [
  ["hostEndpoint", "--host-endpoint"],
  ["labelsFile", "--labels-file"],
  ["serviceAccount", "--service-account"],
  ["address", "--address"],
  ["namedPort", "--named-port"],
  ["inventory", "--inventory"],
];

function judgedByAgent(flags: SourceFlags): PolicyOptions {
  return {
    semantics: flags.semantics ?? DEFAULT_POLICY_OPTIONS.semantics,
    peer: flags.peer ?? DEFAULT_POLICY_OPTIONS.peer,
    requireIdentity: flags.requireIdentity ?? DEFAULT_POLICY_OPTIONS.requireIdentity,
    pathProfile: flags.pathProfile ?? DEFAULT_POLICY_OPTIONS.pathProfile,
  };
}
