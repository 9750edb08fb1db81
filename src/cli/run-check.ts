import { readFile } from "node:fs/promises";
import { assert, toError } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import { hasErrors, type Issue } from "../base/issue.ts";
import { CHECK_REQUEST_MAX_BYTES } from "../base/limits.ts";
import { readDirectory } from "../datastore/files/read-directory.ts";
import { type Resource, resourceKey } from "../datastore/resources.ts";
import { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { TrustBundles } from "../identity/trust-bundles.ts";
import { explain } from "../policy/explain.ts";
import type { Snapshot } from "../policy/snapshot.ts";
import type { CheckFlags } from "./check.ts";
import { callFromFlags } from "./check-call.ts";
import { type CheckInput, checkInput, parseCheckInput, readFlow } from "./check-request.ts";
import { EmbeddedPolicy, type JudgingOptions } from "./embedded-policy.ts";
import { type GuardedWorkload, guardedWorkload } from "./guarded-workload.ts";
import { identityOptions, withImpliedPeer } from "./identity-flags.ts";
import { EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { type PolicyFlags, portMap } from "./policy-flags.ts";
import { checkReport, formatCheckReport } from "./render-check.ts";
import { countIssues, formatIssues } from "./render-issues.ts";
import { paintFor } from "./terminal.ts";
import { readBundlesOnce } from "./trust-files.ts";

/** Judges the one request that the flags describe, and gives the exit code. */
export async function runCheck(io: Io, given: CheckFlags): Promise<number> {
  const flags = withImpliedPeer(given);
  if (flags.policies === undefined) throw new UsageError("--policies DIR is required");
  const guarded = guardedWorkload(flags);
  const identity = await readerFor(flags);
  const { resources, issues } = await readDirectory(flags.policies);
  if (hasErrors(issues)) return refuseDirectory(io, flags.policies, issues);

  const { snapshot, judging } = calculate(flags, guarded, resources);
  const { input, assumed } = await readCall(io, flags, resources, guarded, identity);
  const flow = readFlow(input, identity);
  flow.destinationPort = portMap(flags).get(flow.destinationPort) ?? flow.destinationPort;
  const report = checkReport(explain(snapshot, flow), flow, judging, assumed);
  const text =
    flags.output === "json"
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : formatCheckReport(report, paintFor(io.stdout, io.env));
  io.stdout.write(text);
  return report.verdict === "allow" ? EXIT_OK : EXIT_REFUSED;
}

/** What `--from` says is taken for proven; a request's certificates have to prove what they say. */
async function readerFor(flags: CheckFlags): Promise<PeerIdentityReader> {
  const bundles = new TrustBundles();
  const options = identityOptions(flags, bundles);
  if (flags.request === undefined) {
    const { bundles: _, ...others } = options;
    return new PeerIdentityReader(systemClock, { ...others, mode: "principal" });
  }
  await readBundlesOnce(flags, bundles);
  return new PeerIdentityReader(systemClock, options);
}

function calculate(
  flags: PolicyFlags,
  guarded: GuardedWorkload,
  resources: readonly Resource[],
): { readonly snapshot: Snapshot; readonly judging: JudgingOptions } {
  let judging: JudgingOptions | undefined;
  let issues: readonly Issue[] = [];
  const policy = new EmbeddedPolicy(systemClock, flags, guarded, {
    onJudging: (options) => {
      judging = options;
    },
    onIssues: (current) => {
      issues = current;
    },
  });
  policy.onUpdates(resources.map((resource) => ({ kind: "put", key: resourceKey(resource), resource })));
  policy.onInSync();
  const snapshot = policy.store.current;
  assert(snapshot !== undefined && judging !== undefined, "a datastore in sync makes a snapshot");
  if (!snapshot.hasEndpoint) {
    const found = issues.map(({ message }) => message);
    throw new UsageError(
      [
        `${flags.policies} does not describe \`${guarded.text}\`: add it there, or describe it by --address, --labels-file and --service-account`,
        ...found,
      ].join("\n"),
    );
  }
  return { snapshot, judging };
}

async function readCall(
  io: Io,
  flags: CheckFlags,
  resources: readonly Resource[],
  guarded: GuardedWorkload,
  identity: PeerIdentityReader,
): Promise<{ readonly input: CheckInput; readonly assumed: readonly string[] }> {
  if (flags.request === undefined) {
    const call = callFromFlags(flags, resources, guarded, identity);
    return { input: checkInput(call), assumed: call.assumed };
  }
  const { from, sourceAddress, sourcePort, destinationAddress, port, method, path, httpFollows } = flags;
  const others = [from, sourceAddress, sourcePort, destinationAddress, port, method, path, httpFollows];
  if (!flags.identity || others.some((value) => value !== undefined)) {
    throw new UsageError("--request excludes the flags that describe a request");
  }
  return { input: parseCheckInput(await readRequest(io, flags.request)), assumed: [] };
}

async function readRequest(io: Io, path: string): Promise<string> {
  const bytes = path === "-" ? await readAll(io.stdin) : await readFile(path).catch(refuseFile);
  // Half as much again for what JSON writes around the bytes would still be a guess, so take four times.
  if (bytes.length > 4 * CHECK_REQUEST_MAX_BYTES) throw new UsageError(`--request: \`${path}\` is too large`);
  return bytes.toString("utf8");
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refuseFile(reason: unknown): never {
  throw new UsageError(`--request: ${toError(reason).message}`);
}

function refuseDirectory(io: Io, directory: string, issues: readonly Issue[]): never {
  io.stderr.write(formatIssues(issues, io.stderr.isTTY === true, paintFor(io.stderr, io.env)));
  throw new UsageError(`${directory} can't be used: ${countIssues(issues)}`);
}
