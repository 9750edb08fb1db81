import type { Command } from "commander";
import { err, ok, type Result } from "../base/result.ts";
import { isServiceAccountPath } from "../identity/judge-principal.ts";
import type { IdentityMode, PeerIdentityOptions } from "../identity/peer-identity-reader.ts";
import { isTrustDomain, parseSpiffeId } from "../identity/spiffe-id.ts";
import type { TrustBundles } from "../identity/trust-bundles.ts";
import { choice, flag, RepeatableFlag, readNamespacedName } from "./flags.ts";
import { UsageError } from "./io.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";

/** A bundle's file, and of which trust domain it is; undefined: of the one that is ours, or as the file itself says. */
export type TrustBundleFlag = { readonly trustDomain: string | undefined; readonly path: string };

export type MappedIdentityFlag = { readonly id: string; readonly namespace: string; readonly name: string };

/** How callers prove who they are, as the command line or the environment said it. */
export type IdentityFlags = {
  readonly identityMode?: IdentityMode;
  readonly trustBundle?: readonly TrustBundleFlag[];
  readonly workloadApi?: string;
  readonly forwardedBy?: readonly string[];
  readonly mapIdentity?: readonly MappedIdentityFlag[];
};

/** How callers prove who they are: the same flags for every command that judges identities. */
export function addIdentityFlags(command: Command): void {
  command
    .addOption(
      choice(
        "--identity-mode <word>",
        "what is verified: Envoy's word for the principal, or the certificate too (default: certificate with trust bundles)",
        ["principal", "certificate"],
      ),
    )
    .addOption(
      new RepeatableFlag(
        "--trust-bundle <[domain=]file>",
        "authorities of a trust domain, PEM or SPIFFE bundle JSON",
        readTrustBundle,
      ),
    )
    .addOption(
      new RepeatableFlag(
        "--forwarded-by <spiffe-id>",
        "a proxy that is believed about its clients (x-forwarded-client-cert)",
        readSpiffeId,
      ),
    )
    .addOption(
      new RepeatableFlag(
        "--map-identity <spiffe-id=namespace/name>",
        "an ID that stands for a service account",
        readMappedIdentity,
      ),
    );
}

export function workloadApiFlag(): ReturnType<typeof flag> {
  return flag(
    "--workload-api <unix:path>",
    "the SPIFFE Workload API's socket: trust bundles, and our own certificate for TCP",
    (text) => (/^unix:[^\0]+$/.test(text) ? ok(text) : err("not unix:PATH")),
  );
}

/** Whether trust bundles are configured, from wherever. */
export function hasBundles(flags: IdentityFlags): boolean {
  return flags.trustBundle !== undefined || flags.workloadApi !== undefined;
}

/** Behind a proxy that speaks for its clients, addresses prove nothing of a caller: its identity alone counts. */
export function withImpliedPeer<T extends PolicyFlags & IdentityFlags>(flags: T): T {
  return flags.forwardedBy === undefined ? flags : { ...flags, peer: "identity" };
}

/** What the flags say of identities. Refuses what contradicts itself. */
export function identityOptions(
  flags: PolicyFlags & IdentityFlags,
  bundles: TrustBundles,
): PeerIdentityOptions {
  const semantics = flags.semantics ?? "strict";
  const { identityMode, forwardedBy, mapIdentity } = flags;
  const ours = trustDomains(flags);
  const isStrictOnly =
    hasBundles(flags) ||
    identityMode === "certificate" ||
    forwardedBy !== undefined ||
    mapIdentity !== undefined;
  if (semantics === "calico" && isStrictOnly) {
    throw new UsageError(
      "--semantics calico takes Envoy's word for principals: no certificates, bundles, forwarding proxies or mapped identities",
    );
  }
  if (identityMode === "certificate" && !hasBundles(flags)) {
    throw new UsageError("--identity-mode certificate needs --trust-bundle or --workload-api");
  }
  if (identityMode === "principal" && flags.trustBundle !== undefined) {
    throw new UsageError("--identity-mode principal verifies nothing, so --trust-bundle has no use");
  }
  if (forwardedBy !== undefined && flags.peer === "both") {
    throw new UsageError(
      "--forwarded-by excludes --peer both: a proxy's address says nothing of its clients",
    );
  }
  const usesBundles = hasBundles(flags) && identityMode !== "principal";
  return {
    trustDomains: ours,
    semantics,
    ...(identityMode === undefined ? {} : { mode: identityMode }),
    ...(usesBundles ? { bundles } : {}),
    ...(forwardedBy === undefined ? {} : { forwardedBy }),
    ...(mapIdentity === undefined ? {} : { mapped: identityMap(mapIdentity, ours) }),
  };
}

function identityMap(
  flags: readonly MappedIdentityFlag[],
  ours: readonly string[] | "any",
): NonNullable<PeerIdentityOptions["mapped"]> {
  const map = new Map<string, { readonly namespace: string; readonly name: string }>();
  for (const { id, namespace, name } of flags) {
    const parsed = parseSpiffeId(id);
    const isOurs = parsed.ok && (ours === "any" || ours.includes(parsed.value.trustDomain));
    if (parsed.ok && isOurs && isServiceAccountPath(parsed.value.path)) {
      throw new UsageError(`--map-identity: \`${id}\` is a service account already`);
    }
    if (map.has(id)) throw new UsageError(`--map-identity gives \`${id}\` two meanings`);
    map.set(id, { namespace, name });
  }
  return map;
}

function readSpiffeId(text: string): Result<string, string> {
  const id = parseSpiffeId(text);
  return id.ok ? ok(text) : err(`not a SPIFFE ID: ${id.error}`);
}

function readTrustBundle(text: string): Result<TrustBundleFlag, string> {
  const equals = text.indexOf("=");
  if (equals === -1) return text === "" ? err("empty") : ok({ trustDomain: undefined, path: text });
  const trustDomain = text.slice(0, equals);
  const path = text.slice(equals + 1);
  // A path with an equals sign in it is given with its domain.
  if (!isTrustDomain(trustDomain) || path === "") return err("not FILE or TRUST-DOMAIN=FILE");
  return ok({ trustDomain, path });
}

function readMappedIdentity(text: string): Result<MappedIdentityFlag, string> {
  const equals = text.lastIndexOf("=");
  const id = readSpiffeId(text.slice(0, Math.max(equals, 0)));
  if (!id.ok) return err(`not SPIFFE-ID=NAMESPACE/NAME: ${id.error}`);
  const account = readNamespacedName(text.slice(equals + 1));
  return account.ok ? ok({ id: id.value, ...account.value }) : err("not SPIFFE-ID=NAMESPACE/NAME");
}
