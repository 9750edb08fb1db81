import { createLocalTest } from "../calc/local-test.ts";
import { type Resource, resourceKey, resourceKeyText } from "../datastore/resources.ts";
import type { PeerIdentity } from "../identity/peer-identity.ts";
import type { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { formatAddress, type IpAddress } from "../net/address.ts";
import type { CheckPeer } from "./check-request.ts";
import type { GuardedWorkload } from "./guarded-workload.ts";
import { UsageError } from "./io.ts";

/** What flags say of the call that is to be judged. */
export type CallFlags = {
  readonly from?: string;
  /** False when `--no-identity` is given. */
  readonly identity: boolean;
  readonly sourceAddress?: IpAddress;
  readonly sourcePort?: number;
  readonly destinationAddress?: IpAddress;
  readonly port?: number;
  readonly method?: string;
  readonly path?: string;
  readonly httpFollows?: boolean;
};

export type Call = {
  readonly source: CheckPeer;
  readonly destination: CheckPeer;
  readonly http: { readonly method: string; readonly path: string } | undefined;
  readonly httpFollows: boolean;
  /** What no flag said and how it was taken, each a short sentence. */
  readonly assumed: readonly string[];
};

/** The call that the flags describe; what they leave out comes from the directory's objects where those know it, and is said. */
export function callFromFlags(
  flags: CallFlags,
  resources: readonly Resource[],
  guarded: GuardedWorkload,
  identity: PeerIdentityReader,
): Call {
  if ((flags.from !== undefined) === !flags.identity) {
    throw new UsageError("either --from SPIFFE_ID or --no-identity is required, and not both");
  }
  const principal = flags.from ?? "";
  const assumed: string[] = [];
  const source = flags.sourceAddress ?? assumedSource(identity.read(principal, ""), resources, assumed);
  const destination =
    flags.destinationAddress ?? assumedDestination(source?.family ?? 4, resources, guarded, assumed);
  const http = httpPart(flags);
  if (http === undefined) assumed.push("neither --method nor --path: a connection, not an HTTP request");
  if (flags.port === undefined) assumed.push("no --port: what asks for the port is unknown");
  return {
    source: { address: source, port: flags.sourcePort, principal },
    destination: { address: destination, port: flags.port, principal: "" },
    http,
    httpFollows: flags.httpFollows ?? false,
    assumed,
  };
}

function httpPart({ method, path }: CallFlags): Call["http"] {
  if (method === undefined && path === undefined) return undefined;
  if (method === undefined || path === undefined) throw new UsageError("--method and --path go together");
  return { method, path };
}

/** The address of the first workload, by name, that runs under the identity. */
function assumedSource(
  peer: PeerIdentity,
  resources: readonly Resource[],
  assumed: string[],
): IpAddress | undefined {
  if (peer.kind === "service-account") {
    const workload = resources
      .filter((resource) => runsAs(resource, peer.namespace, peer.name))
      .sort((a, b) => (objectText(a) < objectText(b) ? -1 : 1))
      .find((resource) => addressesOf(resource).length > 0);
    const address = workload === undefined ? undefined : addressesOf(workload)[0];
    if (workload !== undefined && address !== undefined) {
      assumed.push(`no --source-address: taken ${formatAddress(address)}, that of ${objectText(workload)}`);
      return address;
    }
  }
  assumed.push("no --source-address: what asks for the caller's address is unknown");
  return undefined;
}

/** The guarded workload's own address, of the caller's family if it has one. */
function assumedDestination(
  family: 4 | 6,
  resources: readonly Resource[],
  guarded: GuardedWorkload,
  assumed: string[],
): IpAddress | undefined {
  const isGuarded = createLocalTest([guarded.endpoint]);
  const own =
    guarded.described ??
    resources.find((resource) => isEndpoint(resource) && isGuarded(resource) !== undefined);
  const addresses = own === undefined ? [] : addressesOf(own);
  const address = addresses.find((candidate) => candidate.family === family) ?? addresses[0];
  if (address === undefined) assumed.push("no --destination-address: what asks for it is unknown");
  return address;
}

function runsAs(resource: Resource, namespace: string, name: string): boolean {
  return (
    (resource.kind === "Pod" || resource.kind === "WorkloadEndpoint") &&
    resource.metadata.namespace === namespace &&
    resource.serviceAccountName === name &&
    !(resource.kind === "Pod" && (resource.finished || resource.hostNetwork))
  );
}

function isEndpoint(
  resource: Resource,
): resource is Extract<Resource, { kind: "Pod" | "WorkloadEndpoint" | "HostEndpoint" }> {
  return resource.kind === "Pod" || resource.kind === "WorkloadEndpoint" || resource.kind === "HostEndpoint";
}

function addressesOf(resource: Resource): readonly IpAddress[] {
  if (resource.kind === "HostEndpoint") return resource.expectedIps;
  return resource.kind === "Pod" || resource.kind === "WorkloadEndpoint" ? resource.addresses : [];
}

function objectText(resource: Resource): string {
  return resourceKeyText(resourceKey(resource));
}
