import type { Command } from "commander";
import { err, ok, type Result } from "../base/result.ts";
import { type IpAddress, parseAddress } from "../net/address.ts";
import { PATH_PROFILES, type PathProfileName, type PolicyOptions } from "../policy/options.ts";
import { choice, flag, RepeatableFlag, readNamespacedName, readPort, readText, toggle } from "./flags.ts";
import { UsageError } from "./io.ts";

export type NamedPortFlag = { readonly name: string; readonly port: number; readonly protocol: string };

/** What the flags below say, as the command line or the environment gave it. */
export type PolicyFlags = {
  readonly policies?: string;
  readonly workload?: { readonly namespace: string; readonly name: string };
  readonly hostEndpoint?: string;
  readonly labelsFile?: string;
  readonly serviceAccount?: string;
  readonly address?: readonly IpAddress[];
  readonly namedPort?: readonly NamedPortFlag[];
  readonly portMap?: readonly PortMapping[];
  readonly inventory?: "complete" | "none";
  readonly semantics?: PolicyOptions["semantics"];
  readonly peer?: PolicyOptions["peer"];
  readonly requireIdentity?: boolean;
  readonly trustDomain?: readonly string[];
  readonly pathProfile?: PathProfileName;
};

/** Envoy listens on `listened`, policy speaks of `named`. */
export type PortMapping = { readonly listened: number; readonly named: number };

/** Where policy comes from, whom it guards, and how it is judged: the same flags for every command that judges. */
export function addPolicyFlags(command: Command): void {
  command
    .addOption(flag("--policies <dir>", "directory of policy files, YAML or JSON", readText))
    .addOption(
      flag("--workload <namespace/name>", "the pod or workload endpoint that is guarded", readNamespacedName),
    )
    .addOption(
      flag("--host-endpoint <name>", "the host endpoint that is guarded, instead of a workload", readText),
    )
    .addOption(
      flag("--labels-file <file>", "the workload's labels, as the Downward API writes them", readText),
    )
    .addOption(flag("--service-account <name>", "the workload's service account", readText))
    .addOption(new RepeatableFlag("--address <ip>", "an address of the workload", readAddress))
    .addOption(
      new RepeatableFlag("--named-port <name=port/protocol>", "a named port of the workload", readNamedPort),
    )
    .addOption(
      new RepeatableFlag(
        "--port-map <listened=named>",
        "Envoy listens on one port, policy names another",
        readPortMapping,
      ),
    )
    .addOption(
      choice("--inventory <word>", "whether the directory lists the workloads that selectors choose from", [
        "complete",
        "none",
      ]),
    )
    .addOption(
      choice("--semantics <word>", "how what is unknown is judged (default: strict)", ["strict", "calico"]),
    )
    .addOption(
      choice(
        "--peer <word>",
        "what counts as proof of the peer (default: both, identity without an inventory)",
        ["both", "identity"],
      ),
    )
    .addOption(toggle("--require-identity", "a peer without an identity satisfies no namespace requirement"))
    .addOption(
      new RepeatableFlag(
        "--trust-domain <name>",
        "a trust domain that is ours, '*' is any (default: cluster.local)",
        readTrustDomain,
      ),
    )
    .addOption(
      choice(
        "--path-profile <word>",
        "which readings of a path the backend may take (default: any)",
        PATH_PROFILES,
      ),
    );
}

/** The trust domains that count as ours; `calico` semantics takes any by default. */
export function trustDomains(flags: PolicyFlags): readonly string[] | "any" {
  const given = flags.trustDomain ?? [flags.semantics === "calico" ? "*" : "cluster.local"];
  return given.includes("*") ? "any" : given;
}

/** Envoy's port to the one that policy names; an unlisted port is itself. */
export function portMap(flags: PolicyFlags): ReadonlyMap<number, number> {
  const map = new Map<number, number>();
  for (const { listened, named } of flags.portMap ?? []) {
    if (map.has(listened) && map.get(listened) !== named) {
      throw new UsageError(`--port-map gives port ${listened} two meanings`);
    }
    map.set(listened, named);
  }
  return map;
}

function readAddress(text: string): Result<IpAddress, string> {
  const address = parseAddress(text);
  return address === undefined ? err("not an IPv4 or IPv6 address") : ok(address);
}

function readNamedPort(text: string): Result<NamedPortFlag, string> {
  const match = /^([a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?)=([0-9]+)\/([A-Za-z]+)$/.exec(text);
  const protocol = match?.[4]?.toLowerCase() ?? "";
  if (match === null || !["tcp", "udp", "sctp"].includes(protocol)) {
    return err("not NAME=PORT/PROTOCOL with protocol tcp, udp or sctp");
  }
  const port = readPort(match[3] ?? "");
  return port.ok ? ok({ name: match[1] ?? "", port: port.value, protocol }) : port;
}

function readPortMapping(text: string): Result<PortMapping, string> {
  const [listened, named, ...more] = text.split("=").map(readPort);
  if (more.length > 0 || listened?.ok !== true || named?.ok !== true) {
    return err("not LISTENED=NAMED, two ports between 1 and 65535, as in 8443=8080");
  }
  return ok({ listened: listened.value, named: named.value });
}

/** A trust domain, or `*`. */
export function readTrustDomain(text: string): Result<string, string> {
  return text === "*" || /^[a-z0-9._-]{1,255}$/.test(text)
    ? ok(text)
    : err("not a trust domain (a-z, 0-9, dots, hyphens, underscores) or *");
}
