/** `ephor demo --stay`: everything stays up, for curl and for one's own edits. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CALLERS, type CallerName } from "./callers.ts";
import type { BackgroundProcess } from "./child-process.ts";
import { openGate } from "./gate.ts";
import { type Printer, writeLine, writeTitle } from "./scene-table.ts";
import { LISTENER_PORTS, type ListenerName } from "./scenes.ts";
import { GUARDED_ADDRESS_IPV4, isTls, type Stage } from "./stage.ts";

const TRY: readonly { readonly caller: CallerName; readonly to: ListenerName; readonly curl: string }[] = [
  { caller: "web", to: "https", curl: "/v1/items" },
  { caller: "web", to: "https", curl: "/v1/items/7 -X DELETE" },
  { caller: "console", to: "https", curl: "/admin/prices -X PATCH" },
  { caller: "worker", to: "https", curl: "/jobs/reindex -X POST" },
  { caller: "carrier", to: "http", curl: "/hooks/parcels/9 -X POST" },
];

/**
 * Say what to try and wait to be interrupted.
 *
 * @param howToEdit files or commands.
 */
export async function stay(
  stage: Stage,
  howToEdit: readonly string[],
  options: { signal: AbortSignal; printer: Printer },
): Promise<void> {
  const { printer, signal } = options;
  const trusted = join(stage.folder, "ca.pem");
  await writeFile(trusted, stage.credentials.trustedByCallers);
  writeTitle(printer, "It all stays up. Each port below plays one caller's address; try");
  for (const { caller, to, curl } of TRY) {
    const gate = await openGate({
      listenerPort: stage.envoy.port(to),
      source: CALLERS[caller].address,
      destination: { address: GUARDED_ADDRESS_IPV4, port: LISTENER_PORTS[to] },
    });
    stage.onClose(gate.close);
    const flags = isTls(to) ? await tlsFlags(stage, caller, trusted) : "";
    const scheme = isTls(to) ? "https" : "http";
    writeLine(
      printer,
      `  # ${CALLERS[caller].name}\n  curl -i ${flags}${scheme}://localhost:${gate.port}${curl}`,
    );
  }
  writeLine(printer, "\nEdit what is in force and ask again:");
  for (const line of howToEdit) writeLine(printer, `  ${line}`);
  writeLine(printer, "Ctrl-C ends it.");
  const interrupted = signal.aborted ? Promise.resolve() : once(signal, "abort");
  const { envoy, sidecar } = stage;
  const ended = await Promise.race([interrupted.then(() => undefined), ...[envoy, sidecar].map(endOf)]);
  if (ended !== undefined && !signal.aborted) throw new Error(ended);
}

async function endOf({ process }: { readonly process: BackgroundProcess }): Promise<string> {
  const how = await process.exited;
  return `${process.name} ended by itself: ${how}\n${process.output}`;
}

async function tlsFlags(stage: Stage, caller: CallerName, trusted: string): Promise<string> {
  const { shows } = CALLERS[caller];
  if (shows === "nothing") return `--cacert ${trusted} `;
  const { certificate, privateKey } = stage.credentials.callers[shows];
  const path = join(stage.folder, `${shows}.pem`);
  await writeFile(path, certificate + privateKey, { mode: 0o600 });
  return `--cacert ${trusted} --cert ${path} `;
}
