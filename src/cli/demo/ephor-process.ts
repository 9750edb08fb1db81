/** A running `ephor sidecar` of this very installation. */
import { join } from "node:path";
import { IS_SOURCE, PACKAGE_FOLDER } from "../package-folder.ts";
import { awaitCondition, BackgroundProcess } from "./child-process.ts";
import { get } from "./envoy-process.ts";

export type SidecarOptions = {
  /** Socket paths: what Envoy asks, and what says whether the process is ready. */
  readonly authz: string;
  readonly admin: string;
  /** Policy files for one workload, or the socket of a node agent. */
  readonly source: { readonly policies: string; readonly workload: string } | { readonly policySync: string };
  /** More flags, as on a command line. */
  readonly flags?: readonly string[];
  /** Told of each line that it logs. */
  readonly onLog?: (line: string) => void;
};

const START_TIMEOUT_MS = 20_000;

/** `ephor` as it runs here: TypeScript in the repository, the bundle in an installed package. */
export function ephorCommand(): { readonly command: string; readonly args: readonly string[] } {
  const main = IS_SOURCE ? "src/cli/main.ts" : "dist/cli/main.js";
  return { command: process.execPath, args: [join(PACKAGE_FOLDER, main)] };
}

/** One sidecar. Start with `SidecarProcess.start`, which returns when it is ready. */
export class SidecarProcess {
  readonly process: BackgroundProcess;
  readonly #options: SidecarOptions;
  readonly #log: string[];

  private constructor(process: BackgroundProcess, options: SidecarOptions, log: string[]) {
    this.process = process;
    this.#options = options;
    this.#log = log;
  }

  static async start(options: SidecarOptions): Promise<SidecarProcess> {
    const { command, args } = ephorCommand();
    const listen = ["--listen", `unix:${options.authz}`, "--admin", `unix:${options.admin}`];
    const { source } = options;
    const policy =
      "policySync" in source
        ? ["--policy-sync", `unix:${source.policySync}`]
        : ["--policies", source.policies, "--workload", source.workload];
    const log: string[] = [];
    const process = new BackgroundProcess(
      command,
      [...args, "sidecar", ...listen, ...policy, ...(options.flags ?? [])],
      {
        name: "ephor sidecar",
        onLine: (line) => {
          log.push(line);
          options.onLog?.(line);
        },
      },
    );
    const sidecar = new SidecarProcess(process, options, log);
    try {
      const ready = async (): Promise<boolean> => await sidecar.isReady();
      await awaitCondition("Ephor is ready", ready, { timeoutMs: START_TIMEOUT_MS, process });
      return sidecar;
    } catch (reason) {
      await process.stop(1_000);
      throw reason;
    }
  }

  async isReady(): Promise<boolean> {
    return (await get(this.#options.admin, "/readyz")) !== undefined;
  }

  /** Lines that it has logged so far, oldest first. Do not mutate. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** The metrics as exposed; empty where it does not answer. */
  async metrics(): Promise<string> {
    return (await get(this.#options.admin, "/metrics")) ?? "";
  }

  async stop(timeoutMs: number): Promise<string> {
    return await this.process.stop(timeoutMs);
  }
}
