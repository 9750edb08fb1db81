/** Reading a whole directory at once, before there is any earlier version of anything. */
import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import { BUILT_IN_TIERS } from "../schema/tier.ts";
import { ObjectTable } from "./object-table.ts";
import { Breather, parseFile } from "./parse-file.ts";
import { readWholeFile } from "./read-file.ts";
import { type DirectoryScan, scanDirectory } from "./scan-directory.ts";

export type LoadedDirectory = {
  readonly table: ObjectTable;
  readonly scan: DirectoryScan;
  /** What was read of each file that could be read. */
  readonly signatures: ReadonlyMap<string, string>;
  /** Of the directory and its files; those of their content are the table's. */
  readonly issues: readonly Issue[];
};

/** Attempts at a file that changes while it is read. */
const ATTEMPTS_MAX = 5;

/** Never rejects for what is in the directory, nor for what is not. */
export async function loadDirectory(clock: Clock, directory: string): Promise<LoadedDirectory> {
  const scan = await scanDirectory(directory);
  const table = new ObjectTable(BUILT_IN_TIERS);
  const signatures = new Map<string, string>();
  const issues: Issue[] = [...scan.unreadable.values(), ...scan.issues];
  const breather = new Breather(clock);
  for (const [path, file] of scan.files) {
    if (file.kind === "unreadable") {
      issues.push(file.issue);
      continue;
    }
    const read = await readStable(path);
    if (read.kind === "content") {
      signatures.set(path, read.signature);
      table.setFile(path, await parseFile(path, read.bytes, undefined, breather));
    } else if (read.kind === "unreadable") {
      issues.push(read.issue);
    } else if (read.kind === "changing") {
      issues.push({
        severity: "error",
        code: "unreadable",
        where: path,
        message: "keeps changing while it is read",
      });
    }
  }
  table.resolve();
  return { table, scan, signatures, issues };
}

/** Tries again while the file changes as it is read. */
export async function readStable(path: string): ReturnType<typeof readWholeFile> {
  for (let attempt = 1; ; attempt++) {
    const read = await readWholeFile(path);
    if (read.kind !== "changing" || attempt === ATTEMPTS_MAX) return read;
  }
}
