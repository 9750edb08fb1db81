import { hasErrors, type Issue } from "../base/issue.ts";
import { POLICY_FILE_MAX_BYTES } from "../base/limits.ts";
import { applyObject, type Outcome } from "../datastore/change-object.ts";
import { type GivenObject, type GivenSource, readGivenObjects } from "../datastore/given-objects.ts";
import type { ResourceStore } from "../datastore/resource-store.ts";
import { resourceKeyText } from "../datastore/resources.ts";
import { missingTiers } from "../datastore/tier-checks.ts";
import type { ApplyFlags } from "./apply.ts";
import { EXIT_OK, EXIT_REFUSED, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { countIssues, formatIssues } from "./render-issues.ts";
import { formatOutcome, isDone } from "./render-outcome.ts";
import { withStore } from "./store-flags.ts";
import { paintFor } from "./terminal.ts";

/** Validates everything, then writes one object after the other; what can't be written doesn't hold up the rest. */
export async function runApply(io: Io, flags: ApplyFlags): Promise<number> {
  const given = await readGiven(io, flags);
  if (given === undefined) return EXIT_USAGE;
  const { objects, issues } = given;
  if (hasErrors(issues)) return refuseAll(io, issues);
  return await withStore(flags, async (store) => {
    const objections = [...objectionsOf(store, objects), ...(await missingTiers(store, objects))];
    if (objections.length > 0) {
      printIssues(io, objections);
      return refuseAll(io, objections);
    }
    const outcomes: Outcome[] = [];
    for (const object of objects) {
      const outcome = await applyObject(store, object, { isDryRun: flags.dryRun === true });
      outcomes.push(outcome);
      printOutcome(io, resourceKeyText(object.key), outcome, flags.dryRun === true);
    }
    return outcomes.every(isDone) ? EXIT_OK : EXIT_REFUSED;
  });
}

const STDIN_NAME = "<stdin>";

/** Reads what `-f` names and prints what is wrong with it; undefined where a file could not be read at all. */
export async function readGiven(
  io: Io,
  { filename = [], namespace }: ApplyFlags,
): Promise<{ readonly objects: readonly GivenObject[]; readonly issues: readonly Issue[] } | undefined> {
  if (filename.length === 0) throw new UsageError("-f FILE is required; - is standard input");
  const sources: GivenSource[] = [];
  for (const path of filename) {
    sources.push(path === "-" ? { name: STDIN_NAME, bytes: await readInput(io) } : { path });
  }
  const given = await readGivenObjects(sources, namespace);
  printIssues(io, given.issues);
  if (given.issues.some(({ code }) => code === "unreadable")) return undefined;
  if (given.objects.length === 0 && !hasErrors(given.issues)) {
    const names = filename.map((path) => (path === "-" ? STDIN_NAME : path));
    throw new UsageError(`no objects in ${names.join(", ")}`);
  }
  return given;
}

export function printOutcome(io: Io, name: string, outcome: Outcome, isDryRun: boolean): void {
  const output = isDone(outcome) ? io.stdout : io.stderr;
  output.write(formatOutcome(name, outcome, isDryRun, paintFor(output, io.env)));
}

function objectionsOf(store: ResourceStore, objects: readonly GivenObject[]): Issue[] {
  return objects.flatMap((object): Issue[] => {
    const message = store.objection(object);
    return message === undefined
      ? []
      : [{ severity: "error", code: "conflict", where: object.place, message }];
  });
}

function printIssues(io: Io, issues: readonly Issue[]): void {
  io.stderr.write(formatIssues(issues, io.stderr.isTTY === true, paintFor(io.stderr, io.env)));
}

function refuseAll(io: Io, issues: readonly Issue[]): number {
  const paint = paintFor(io.stderr, io.env);
  io.stderr.write(`${paint("bad", "nothing was written")}: ${countIssues(issues)}\n`);
  return EXIT_REFUSED;
}

async function readInput(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > POLICY_FILE_MAX_BYTES) break; // its reader says that it is too much
  }
  return Buffer.concat(chunks);
}
