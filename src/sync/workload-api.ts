import { createPrivateKey } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import {
  loadDefinition,
  type X509BundlesResponseOutput,
  type X509SvidResponseOutput,
} from "envoy-ext-authz-proto";
import { assert } from "../base/assert.ts";
import { Backoff } from "../base/backoff.ts";
import {
  TRUST_BUNDLE_MAX_BYTES,
  WORKLOAD_API_FIRST_MS,
  WORKLOAD_API_RETRY_FIRST_MS,
  WORKLOAD_API_RETRY_MAX_MS,
} from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { checkSvid } from "../identity/check-svid.ts";
import { parseSpiffeId } from "../identity/spiffe-id.ts";
import { parseDerBundle, readDerCertificates, type TrustBundle } from "../identity/trust-bundle.ts";

/** Our own X.509-SVID, in PEM. */
export type OwnSvid = { readonly id: string; readonly certificateChain: Buffer; readonly privateKey: Buffer };

export type WorkloadApiEvents = {
  /** The full set, whenever it was told. */
  onBundles(bundles: ReadonlyMap<string, TrustBundle>): void;
  /** The default identity, whenever it was told. Throws what is wrong with it. */
  onSvid(svid: OwnSvid): void;
  /** Once for each problem; what was told last stays in force, and the client goes on by itself. */
  onProblem(message: string): void;
};

export type WorkloadApiOptions = {
  /** Of the Unix socket. */
  readonly path: string;
  /** Whether our own SVID is wanted too, or bundles alone. */
  readonly wantsSvid: boolean;
};

/** Without it the API does not answer: it keeps other programs from being made to ask (Workload API standard, section 6.2). */
const SECURITY_HEADER = "workload.spiffe.io";

type Topic = "FetchX509Bundles" | "FetchX509SVID";

/**
 * A client of the SPIFFE Workload API (its X.509 profile) over a Unix socket: one stream of bundles, and one of our own SVID if that is
 * wanted. Each message is the full set and replaces the one before, if all of it can be used; a message that can't changes nothing.
 *
 * Each stream is either *open*, or *waiting* to be opened again after a back-off with jitter; `close` ends both for good.
 */
export class WorkloadApiClient {
  readonly #events: WorkloadApiEvents;
  readonly #options: WorkloadApiOptions;
  readonly #client: grpc.Client;
  readonly #calls = new Map<Topic, grpc.ClientReadableStream<unknown>>();
  readonly #timers = new Map<Topic, NodeJS.Timeout>();
  readonly #problems = new Map<Topic, string>();
  readonly #waiting = new Map<Topic, () => void>();
  #isClosed = false;

  constructor(options: WorkloadApiOptions, events: WorkloadApiEvents) {
    this.#events = events;
    this.#options = options;
    this.#client = new grpc.Client(`unix:${options.path}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": 4 * TRUST_BUNDLE_MAX_BYTES,
      "grpc.enable_http_proxy": 0,
      // Ours decides when to try again.
      "grpc.max_reconnect_backoff_ms": WORKLOAD_API_RETRY_MAX_MS,
    });
  }

  /** Resolves once everything wanted has been told for the first time; rejects after WORKLOAD_API_FIRST_MS. */
  async start(): Promise<void> {
    const topics: Topic[] = [
      "FetchX509Bundles",
      ...(this.#options.wantsSvid ? (["FetchX509SVID"] as const) : []),
    ];
    const told = topics.map((topic) => new Promise<void>((resolve) => this.#waiting.set(topic, resolve)));
    for (const topic of topics) {
      const steps = { firstMs: WORKLOAD_API_RETRY_FIRST_MS, maxMs: WORKLOAD_API_RETRY_MAX_MS };
      this.#open(topic, new Backoff(steps, Math.random));
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(this.#whyLate())), WORKLOAD_API_FIRST_MS);
    });
    await Promise.race([Promise.all(told), late]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const call of this.#calls.values()) call.cancel();
    this.#client.close();
  }

  #whyLate(): string {
    const problems = [...this.#problems.values()].join("; ");
    return `the Workload API did not answer within ${WORKLOAD_API_FIRST_MS} ms${problems === "" ? "" : `: ${problems}`}`;
  }

  #open(topic: Topic, backoff: Backoff): void {
    const service = loadDefinition()["SpiffeWorkloadAPI"];
    const method =
      service !== undefined && topic in service ? (service as grpc.ServiceDefinition)[topic] : undefined;
    assert(method !== undefined, "the protocol texts define the Workload API");
    const metadata = new grpc.Metadata();
    metadata.set(SECURITY_HEADER, "true");
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      {},
      metadata,
    );
    this.#calls.set(topic, call);
    call.on("data", (message: unknown) => {
      const problem = topic === "FetchX509Bundles" ? this.#takeBundles(message) : this.#takeSvid(message);
      if (problem !== undefined) {
        this.#tell(topic, problem);
        return;
      }
      backoff.reset();
      this.#problems.delete(topic);
      this.#waiting.get(topic)?.();
    });
    // An error is followed by no end, an end by no error; either opens the stream again, once.
    let isOver = false;
    const again = (why: string): void => {
      if (isOver || this.#isClosed) return;
      isOver = true;
      this.#tell(topic, why);
      this.#timers.set(topic, setTimeout(() => this.#open(topic, backoff), backoff.nextMs()).unref());
    };
    call.on("error", (error) => again(error.message));
    call.on("end", () => again("the stream ended"));
  }

  #tell(topic: Topic, problem: string): void {
    if (this.#problems.get(topic) === problem) return;
    this.#problems.set(topic, problem);
    this.#events.onProblem(`the Workload API, ${topic}: ${problem}`);
  }

  #takeBundles(message: unknown): string | undefined {
    // INVARIANT: the message was decoded by the definition that the type is made of.
    const { bundles } = message as X509BundlesResponseOutput;
    const read = readBundles(bundles ?? {});
    if (!read.ok) return read.error;
    this.#events.onBundles(read.value);
    return undefined;
  }

  #takeSvid(message: unknown): string | undefined {
    const { svids } = message as X509SvidResponseOutput;
    const svid = readSvid(svids ?? []);
    if (!svid.ok) return svid.error;
    try {
      this.#events.onSvid(svid.value);
      return undefined;
    } catch (reason) {
      return reason instanceof Error ? reason.message : String(reason);
    }
  }
}

function readBundles(
  bundles: Readonly<Record<string, Buffer | Uint8Array | string>>,
): Result<ReadonlyMap<string, TrustBundle>, string> {
  const read = new Map<string, TrustBundle>();
  for (const [text, bytes] of Object.entries(bundles)) {
    // The standard has the trust domain's SPIFFE ID here.
    const id = parseSpiffeId(text);
    if (!id.ok || id.value.path !== "") return err(`a bundle of \`${text}\`, which is no trust domain`);
    const bundle = parseDerBundle(Buffer.from(bytes as Uint8Array));
    if (!bundle.ok) return err(`the bundle of ${id.value.trustDomain} ${bundle.error}`);
    read.set(id.value.trustDomain, bundle.value);
  }
  return ok(read);
}

/** The first is the default identity (Workload API standard, section 5.3). */
function readSvid(svids: NonNullable<X509SvidResponseOutput["svids"]>): Result<OwnSvid, string> {
  const [svid] = svids;
  if (svid === undefined) return err("it gives us no identity");
  const chain = readDerCertificates(Buffer.from((svid.x509_svid ?? "") as Uint8Array));
  if (!chain.ok) return err(`our X.509-SVID: ${chain.error}`);
  const [leaf] = chain.value;
  if (leaf === undefined) return err("our X.509-SVID holds no certificate");
  const uri = checkSvid(leaf);
  if (!uri.ok) return uri;
  if (uri.value !== svid.spiffe_id)
    return err("our X.509-SVID is not of the SPIFFE ID that it is told to be of");
  try {
    const key = createPrivateKey({
      key: Buffer.from((svid.x509_svid_key ?? "") as Uint8Array),
      format: "der",
      type: "pkcs8",
    });
    if (!leaf.x509.checkPrivateKey(key)) return err("our key is not that of our certificate");
    return ok({
      id: uri.value,
      certificateChain: Buffer.from(chain.value.map(({ x509 }) => x509.toString()).join("")),
      privateKey: Buffer.from(key.export({ format: "pem", type: "pkcs8" })),
    });
  } catch {
    return err("our key can't be read");
  }
}
