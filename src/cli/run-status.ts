import { request } from "node:http";
import { STATUS_ANSWER_MAX_BYTES } from "../base/limits.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen-address.ts";
import { EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { formatStatus, type StatusAnswer } from "./render-status.ts";
import type { StatusFlags } from "./status.ts";
import { paintFor } from "./terminal.ts";

const ANSWER_TIMEOUT_MS = 5_000;

/** Asks the process for its status and prints it; the exit code says whether it is ready. */
export async function printStatus(io: Io, { admin, output = "text" }: StatusFlags): Promise<number> {
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
