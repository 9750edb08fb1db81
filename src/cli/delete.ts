import { Command } from "commander";
import { dryRunFlag, filenameFlag } from "./apply.ts";
import { flag, readText, toggle } from "./flags.ts";
import type { CommandContext } from "./io.ts";
import { addStoreFlags, kindsHelp, type StoreFlags } from "./store-flags.ts";

/** What the command line or the environment says of the objects to delete. */
export type DeleteFlags = StoreFlags & {
  readonly filename?: readonly string[];
  readonly resourceVersion?: string;
  readonly ignoreNotFound?: boolean;
  readonly dryRun?: boolean;
};

export function deleteCommand({ io, finish }: CommandContext): Command {
  const command = new Command("delete")
    .description("delete objects, by name or by the documents that describe them")
    .argument("[kind]", "such as networkpolicy, np or networkpolicies")
    .argument("[name...]", "the objects");
  return addStoreFlags(command)
    .addOption(filenameFlag())
    .addOption(flag("-n, --namespace <name>", "namespace of the objects (default: default)", readText))
    .addOption(flag("--resource-version <text>", "delete the object only if this is its version", readText))
    .addOption(toggle("--ignore-not-found", "it is well if there is no such object"))
    .addOption(dryRunFlag())
    .addHelpText(
      "after",
      `
${kindsHelp()}

Examples:
  ephor delete networkpolicy api --policies policies -n shop
  ephor delete --policies policies -f api.yaml --ignore-not-found
  ephor delete tier security --policies policies --dry-run

A tier goes after its policies. Exit code 1: something was not there, or was not deleted.`,
    )
    .action(async (kind: string | undefined, names: readonly string[], flags: DeleteFlags) => {
      const { runDelete } = await import("./run-delete.ts");
      finish(await runDelete(io, kind, names, flags));
    });
}
