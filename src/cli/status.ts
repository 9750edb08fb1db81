import { request } from "node:http";
import { Command } from "commander";
import { STATUS_ANSWER_MAX_BYTES } from "../base/limits.ts";
import { formatListenAddress, type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { choice, flag } from "./flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { formatStatus, type StatusAnswer } from "./render-status.ts";
import { paintFor } from "./terminal.ts";

type StatusFlags = { readonly admin?: ListenAddress; readonly output?: "text" | "json" };

const ANSWER_TIMEOUT_MS = 5_000;

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
    .action(async (flags: StatusFlags) => finish(await status(io, flags)));
}

async function status(io: Io, { admin, output = "text" }: StatusFlags): Promise<number> {
  if (admin === undefined) throw new UsageError("--admin unix:PATH or HOST:PORT is required");
  const answer = parseAnswer(await ask(admin), admin);
  io.stdout.write(
    output === "json"
      ? `${JSON.stringify(answer, undefined, 2)}\n`
      : formatStatus(answer, paintFor(io.stdout, io.env)),
  );
  return answer.notReady.length === 0 ? EXIT_OK : EXIT_REFUSED;
}

function ask(admin: ListenAddress): Promise<string> {
  const where = admin.kind === "unix" ? { socketPath: admin.path } : { host: admin.host, port: admin.port };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new UsageError(`no answer from ${formatListenAddress(admin)}: ${why}`));
    const call = request(
      { ...where, path: "/status", timeout: ANSWER_TIMEOUT_MS, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > STATUS_ANSWER_MAX_BYTES) call.destroy(new Error("it is too long for a status"));
          chunks.push(chunk);
        });
        response.on("end", () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
          else fail(`HTTP status ${response.statusCode}`);
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error(`nothing within ${ANSWER_TIMEOUT_MS / 1000} s`)));
    call.on("error", (error) => fail(error.message));
    call.end();
  });
}

function parseAnswer(text: string, admin: ListenAddress): StatusAnswer {
  const refuse = (): never => {
    throw new UsageError(`${formatListenAddress(admin)} is not the admin listener of an ephor process`);
  };
  try {
    const value = JSON.parse(text) as Partial<StatusAnswer>;
    if (typeof value.state !== "string" || !Array.isArray(value.notReady)) return refuse();
    return value as StatusAnswer;
  } catch {
    return refuse(); // not JSON: some other server
  }
}
