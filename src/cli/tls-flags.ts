import type { Command } from "commander";
import type { ListenAddress } from "../base/listen-address.ts";
import { err, ok } from "../base/result.ts";
import { parseSpiffeId } from "../identity/spiffe-id.ts";
import { flag, RepeatableFlag, readText, toggle } from "./flags.ts";

/** How TCP listeners are secured, as the command line or the environment said it. */
export type TlsFlags = {
  readonly workloadApi?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly allowClient?: readonly string[];
  readonly insecureTcp?: boolean;
};

export function addTlsFlags(command: Command): void {
  command
    .addOption(flag("--tls-certificate <file>", "certificate chain for TCP listeners, PEM", readText))
    .addOption(flag("--tls-key <file>", "its private key, PEM", readText))
    .addOption(
      flag(
        "--tls-client-ca <file>",
        "let in only clients whose certificate one of these signed, PEM",
        readText,
      ),
    )
    .addOption(
      new RepeatableFlag("--allow-client <spiffe-id>", "let in only this client on TCP", (text) => {
        const id = parseSpiffeId(text);
        return id.ok ? ok(text) : err(`not a SPIFFE ID: ${id.error}`);
      }),
    )
    .addOption(toggle("--insecure-tcp", "listen on TCP without TLS"));
}

/** Whether our own certificate is to come from the Workload API: there is a TCP listener, and no file for it. */
export function wantsSvid(flags: TlsFlags, listen: readonly ListenAddress[]): boolean {
  const hasTcp = listen.some(({ kind }) => kind === "tcp");
  return (
    hasTcp && flags.workloadApi !== undefined && flags.tlsCertificate === undefined && !flags.insecureTcp
  );
}
