import { Command, CommanderError } from "commander";
import { toError } from "../base/assert.ts";
import { applyCommand } from "./apply.ts";
import { checkCommand } from "./check.ts";
import { completeCommand, completionCommand } from "./completion.ts";
import { deleteCommand } from "./delete.ts";
import { demoCommand } from "./demo.ts";
import { applyEnvironment } from "./environment.ts";
import { getCommand } from "./get.ts";
import { identityCommand } from "./identity.ts";
import { type CommandContext, EXIT_OK, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { nodeCommand } from "./node.ts";
import { sidecarCommand } from "./sidecar.ts";
import { statusCommand } from "./status.ts";
import { paintFor } from "./terminal.ts";
import { validateCommand } from "./validate.ts";
import { VERSION } from "./version.ts";

/** Every command, in the order in which help lists them: one file each. */
const COMMANDS: readonly ((context: CommandContext) => Command)[] = [
  sidecarCommand,
  nodeCommand,
  checkCommand,
  validateCommand,
  getCommand,
  applyCommand,
  deleteCommand,
  identityCommand,
  statusCommand,
  demoCommand,
  completionCommand,
];

/** Carries out one command line (without the program's name) and resolves with its exit code; never rejects. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let exitCode = EXIT_OK;
  const context = {
    io,
    finish: (code: number): void => {
      exitCode = code;
    },
  };
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (reason) {
    return explainFailure(reason, io);
  }
}

/** The program with all its commands, ready to parse. */
export function createProgram(context: CommandContext): Command {
  const { io } = context;
  const program = new Command("ephor")
    .description("Application-layer policy beside Envoy: Calico's policy model, answered over ext_authz.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "show help")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Every flag has a twin in the environment: --path-profile is EPHOR_PATH_PROFILE. The flag wins; a repeatable one takes a list with commas.
Exit codes: 0 allowed, valid or done; 1 denied or invalid; 2 the command can't be carried out as given.`,
    );
  for (const create of COMMANDS) program.addCommand(create(context).helpOption("--help", "show help"));
  program.addCommand(
    completeCommand(context, () => createProgram(context)),
    { hidden: true },
  );
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stderr.write(text),
        getOutHelpWidth: () => 110,
        getErrHelpWidth: () => 110,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
      .hook("preAction", (_program, action) => applyEnvironment(action, io.env));
  }
  return program;
}

function explainFailure(reason: unknown, io: Io): number {
  // The library has printed its own messages, and help and version end this way too.
  if (reason instanceof CommanderError) return reason.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  const error = toError(reason);
  const text = error instanceof UsageError ? error.message : (error.stack ?? error.message);
  io.stderr.write(`${paintFor(io.stderr, io.env)("bad", "error:")} ${text}\n`);
  return EXIT_USAGE;
}
