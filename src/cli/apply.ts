import { Command } from "commander";
import { flag, RepeatableFlag, readText, toggle } from "./flags.ts";
import type { CommandContext } from "./io.ts";
import { addStoreFlags, type StoreFlags } from "./store-flags.ts";

/** What the command line or the environment says of the objects to write. */
export type ApplyFlags = StoreFlags & {
  readonly filename?: readonly string[];
  readonly dryRun?: boolean;
};

export function applyCommand({ io, finish }: CommandContext): Command {
  return addStoreFlags(new Command("apply"))
    .description("store objects: those that are new are created, others replaced, after all were validated")
    .addOption(filenameFlag())
    .addOption(flag("-n, --namespace <name>", "namespace of objects that name none", readText))
    .addOption(dryRunFlag())
    .addHelpText(
      "after",
      `
Examples:
  ephor apply --policies policies -f api.yaml
  ephor apply --policies policies -f new/ --dry-run
  ephor get np api --policies policies -n shop -o yaml | sed s/GET/POST/ | ephor apply --policies policies -f -

Nothing is written unless every document is valid. A document with metadata.resourceVersion is written on that version
or not at all; what is stored instead is told. Exit code 1: something is invalid, or was not written.`,
    )
    .action(async (flags: ApplyFlags) => {
      const { runApply } = await import("./run-apply.ts");
      finish(await runApply(io, flags));
    });
}

/** `-f`, which `apply` and `delete` read alike. */
export function filenameFlag(): RepeatableFlag<string> {
  return new RepeatableFlag(
    "-f, --filename <file>",
    "file or directory of objects, YAML or JSON; - is standard input",
    readText,
  );
}

export function dryRunFlag(): ReturnType<typeof toggle> {
  return toggle("--dry-run", "say what would be done, and do nothing");
}
