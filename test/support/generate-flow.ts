/** Random requests from the small world of generate-policy.ts, plain data so that counterexamples print well. */
import fc from "fast-check";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { Flow } from "../../src/policy/flow.ts";
import { readAddressText, toWords } from "./reference/addresses.ts";
import { ACCOUNTS, ADDRESSES, METHODS, NAMESPACES, PORTS } from "./small-world.ts";
import { weighted } from "./weighted.ts";

/** A request as a person would write it down. */
export type Request = {
  /** Undefined: not an IP. */
  readonly sourceAddress: string | undefined;
  readonly sourcePort: number;
  readonly destinationAddress: string | undefined;
  readonly destinationPort: number;
  /** 0: not to be trusted. */
  readonly protocol: number;
  readonly peer: PeerIdentity;
  readonly destinationPeer: PeerIdentity;
  /** Undefined: no HTTP part. Byte strings. */
  readonly http: { readonly method: string; readonly path: string } | undefined;
  readonly httpFollows: boolean;
};

export function toFlow(request: Request): Flow {
  const flow = new Flow();
  const source = readAddressText(request.sourceAddress ?? "");
  if (source !== undefined) {
    flow.sourceFamily = source.family;
    [flow.source0, flow.source1, flow.source2, flow.source3] = toWords(source);
    flow.sourcePort = request.sourcePort;
  }
  const destination = readAddressText(request.destinationAddress ?? "");
  if (destination !== undefined) {
    flow.destinationFamily = destination.family;
    [flow.destination0, flow.destination1, flow.destination2, flow.destination3] = toWords(destination);
    flow.destinationPort = request.destinationPort;
  }
  flow.protocol = request.protocol;
  flow.peer = request.peer;
  flow.destinationPeer = request.destinationPeer;
  flow.hasHttp = request.http !== undefined;
  flow.method = request.http?.method ?? "";
  flow.path = request.http?.path ?? "";
  flow.httpFollows = request.httpFollows;
  return flow;
}

/** Interned, as a reader of identities would give them. */
export const KNOWN_PEERS: readonly PeerIdentity[] = [...NAMESPACES, "elsewhere"].flatMap((namespace) =>
  [...ACCOUNTS, "other"].map(
    (name): PeerIdentity => ({
      kind: "service-account",
      id: `spiffe://cluster.local/ns/${namespace}/sa/${name}`,
      namespace,
      name,
    }),
  ),
);

export const FOREIGN: PeerIdentity = {
  kind: "foreign",
  id: "CN=somebody",
  otherTrustDomain: false,
  why: "not a SPIFFE ID",
};

export const FOREIGN_DOMAIN: PeerIdentity = {
  kind: "foreign",
  id: "spiffe://other.example/ns/prod/sa/web",
  otherTrustDomain: true,
  why: "not one of our trust domains",
  spiffeId: "spiffe://other.example/ns/prod/sa/web",
};

/** Proven, of ours, and nobody's service account. */
export const UNNAMED: PeerIdentity = {
  kind: "foreign",
  id: "spiffe://cluster.local/vm/prod/db",
  otherTrustDomain: false,
  why: "not of the form `/ns/NAMESPACE/sa/NAME`",
  spiffeId: "spiffe://cluster.local/vm/prod/db",
};

const peer: fc.Arbitrary<PeerIdentity> = weighted<PeerIdentity>(
  [10, fc.constantFrom(...KNOWN_PEERS)],
  [3, fc.constant(NO_IDENTITY)],
  [1, fc.constant(FOREIGN)],
  [1, fc.constant(FOREIGN_DOMAIN)],
  [1, fc.constant(UNNAMED)],
);

const PLAIN_PATHS = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/b", "/b/a", "/A", "/a/"];
const ODD_PATHS = [
  "/a%2Fb",
  "/a%2fb",
  "/a//b",
  "//a",
  "/b/../a",
  "/a/..",
  "/a/../b",
  "/a/./b",
  "/..",
  "/a;v=1",
  "/a;v=1/b",
  "/a/..;/b",
  "/b/..%3Bx/a",
  "/a\\b",
  "/a%5Cb",
  "/%61",
  "/%2e%2e/a",
  "/a%252e",
  "/a%25",
  "/a%zz",
  "/a%00",
  "/a%0a",
  "/a?b=/../c",
  "/a#/b",
  "/a/b?x",
  "*",
  "",
  "host:443",
  "/\xc3\xa9",
  "/%C3%A9",
  "/%c3%a9",
  "/a%20b",
  "/a%3Fb",
];

const path = weighted(
  [56, fc.constantFrom(...PLAIN_PATHS)],
  [36, fc.constantFrom(...ODD_PATHS)],
  [
    8,
    fc
      .array(
        fc.constantFrom(
          "a",
          "b",
          "/",
          "/",
          ".",
          "..",
          ";x",
          "%2f",
          "%2e",
          "%61",
          "\\",
          "%25",
          "?",
          "#",
          "\x01",
        ),
        {
          maxLength: 8,
        },
      )
      .map((parts) => `/${parts.join("")}`),
  ],
);

const address = weighted<string | undefined>(
  [95, fc.constantFrom(...ADDRESSES)],
  [5, fc.constant(undefined)],
);

/** Just past where the rules' ranges end. */
const NEXT_PORTS = [81, 82, 444, 844, 8081, 8444];

export const request: fc.Arbitrary<Request> = fc.record({
  sourceAddress: address,
  sourcePort: fc.constantFrom(...PORTS, ...NEXT_PORTS, 40_000),
  destinationAddress: weighted<string | undefined>(
    [97, fc.constantFrom(...ADDRESSES)],
    [3, fc.constant(undefined)],
  ),
  destinationPort: fc.constantFrom(...PORTS, ...NEXT_PORTS),
  protocol: weighted([92, fc.constant(6)], [5, fc.constant(17)], [3, fc.constant(0)]),
  peer,
  destinationPeer: peer,
  http: weighted<Request["http"]>(
    [88, fc.record({ method: fc.constantFrom(...METHODS), path })],
    [12, fc.constant(undefined)],
  ),
  httpFollows: weighted([85, fc.constant(false)], [15, fc.constant(true)]),
});
