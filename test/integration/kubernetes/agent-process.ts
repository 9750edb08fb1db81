/** Commands of Ephor as processes, against a control plane. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import type { ControlPlane } from "../../control-plane/control-plane.ts";

export const MAIN: string = join(import.meta.dirname, "../../../src/cli/main.ts");

/** Runs a command to its end. */
export async function runMain(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let stdout = "";
  for await (const piece of child.stdout.setEncoding("utf8")) stdout += piece;
  const [code] = await ended;
  return { code, stdout };
}

/** Status 0 while nobody listens. */
export async function askAdmin(
  socketPath: string,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const sent = request({ socketPath, path }).end();
  try {
    const [answer] = await once(sent, "response");
    let body = "";
    for await (const piece of answer.setEncoding("utf8")) body += piece;
    return { status: answer.statusCode, body };
  } catch {
    return { status: 0, body: "" }; // not yet
  }
}

export function kubeconfig(plane: ControlPlane, token: string): string {
  const cluster = {
    server: `https://127.0.0.1:${plane.port}`,
    "certificate-authority-data": Buffer.from(plane.ca).toString("base64"),
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "node" } }],
    clusters: [{ name: "test", cluster }],
    users: [{ name: "node", user: { token } }],
  });
}
