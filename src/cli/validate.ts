import { Command } from "commander";
import type { Issue } from "../base/issue.ts";
import { CalcGraph } from "../calc/graph.ts";
import { type Resource, resourceKey } from "../datastore/resources.ts";
import { choice } from "./flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, EXIT_USAGE, type Io } from "./io.ts";
import { counted, countIssues, formatIssues } from "./render-issues.ts";
import { paintFor } from "./terminal.ts";

export function validateCommand({ io, finish }: CommandContext): Command {
  return new Command("validate")
    .description("read a policy directory and list everything that is wrong with it")
    .argument("<dir>", "directory of policy files, YAML or JSON")
    .addOption(choice("--output <word>", "how to print (default: text)", ["text", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  ephor validate examples/shop
  ephor validate examples/shop --output json

Errors make it invalid; warnings don't.`,
    )
    .action(async (directory: string, { output = "text" }: { output?: "text" | "json" }) => {
      finish(await validate(io, directory, output));
    });
}

async function validate(io: Io, directory: string, output: "text" | "json"): Promise<number> {
  // What reads files is loaded only by commands that read some.
  const { readDirectory } = await import("../datastore/files/read-directory.ts");
  const { resources, objectCount, issues } = await readDirectory(directory);
  const all = [...issues, ...calculatedIssues(resources)];
  const isValid = all.every(({ severity }) => severity !== "error");
  if (output === "json") {
    const report = { valid: isValid, objects: objectCount, issues: all };
    io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    const paint = paintFor(io.stdout, io.env);
    io.stdout.write(formatIssues(all, io.stdout.isTTY === true, paint));
    const verdict = isValid ? paint("good", "valid") : paint("bad", "invalid");
    io.stdout.write(`${directory}: ${verdict}: ${counted(objectCount, "object")}, ${countIssues(all)}\n`);
  }
  if (isValid) return EXIT_OK;
  const isUnread = issues.some(({ code, where }) => code === "unreadable" && where === directory);
  return isUnread ? EXIT_USAGE : EXIT_REFUSED;
}

/** What only shows when the objects are put together, such as a tier that nobody defines. */
function calculatedIssues(resources: readonly Resource[]): readonly Issue[] {
  const graph = new CalcGraph({ local: [], inventory: "complete" });
  graph.apply(resources.map((resource) => ({ kind: "put", key: resourceKey(resource), resource })));
  graph.setInSync();
  graph.flush();
  return graph.issues();
}
