import { Command } from "commander";
import { type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { choice, flag } from "./flags.ts";
import type { CommandContext } from "./io.ts";

/** Whom to ask, and how to print the answer. */
export type StatusFlags = { readonly admin?: ListenAddress; readonly output?: "text" | "json" };

export function statusCommand({ io, finish }: CommandContext): Command {
  return new Command("status")
    .description("say how a running sidecar or node agent is doing")
    .addOption(flag("--admin <address>", "its admin listener, unix:PATH or HOST:PORT", parseListenAddress))
    .addOption(choice("--output <word>", "how to print (default: text)", ["text", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  ephor status --admin unix:/var/run/ephor/admin.sock
  ephor status --admin 127.0.0.1:9901 --output json

Exit code 0 is ready, 1 is not ready.`,
    )
    .action(async (flags: StatusFlags) => {
      const { printStatus } = await import("./run-status.ts");
      finish(await printStatus(io, flags));
    });
}
