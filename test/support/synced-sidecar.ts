import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StatusAnswer } from "../../src/cli/render-status.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const DEADLINE_MS = 20_000;

/** A real `ephor sidecar` process behind PolicySync. */
export class SyncedSidecar {
  readonly authz: string;
  readonly #admin: string;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, paths: { readonly authz: string; readonly admin: string }) {
    this.#child = child;
    this.authz = paths.authz;
    this.#admin = paths.admin;
  }

  status(): Promise<StatusAnswer> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#admin, path: "/status", agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve(JSON.parse(body)));
      });
      call.on("error", reject);
      call.end();
    });
  }

  async becomes(what: string, isSo: (status: StatusAnswer) => boolean): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const status = await this.status().catch(() => undefined);
      if (status !== undefined && isSo(status)) return;
      if (performance.now() > endMs) throw new Error(`not ${what}: ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, status === undefined ? 20 : 1));
    }
  }

  /** Waits until it has taken as many messages as the agent sent it. */
  async hasReceived(sent: () => number): Promise<void> {
    await this.becomes(`at ${sent()} messages`, (status) => status.policySync?.messages === sent());
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}

/** Starts one that follows `DIRECTORY/agent`, and waits until it is in sync. */
export async function startSidecar(
  directory: string,
  flags: readonly string[] = [],
  agent: string = join(directory, "agent"),
): Promise<SyncedSidecar> {
  const name = `s${process.hrtime.bigint() % 1_000_000_007n}`;
  const paths = { authz: join(directory, `${name}.authz`), admin: join(directory, `${name}.admin`) };
  const places = ["--listen", `unix:${paths.authz}`, "--admin", `unix:${paths.admin}`];
  const child = spawn(
    process.execPath,
    [MAIN, "sidecar", "--policy-sync", `unix:${agent}`, ...places, "--log-level", "error", ...flags],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const sidecar = new SyncedSidecar(child, paths);
  await sidecar.becomes("in sync", (status) => status.inSync);
  return sidecar;
}
