import { toError } from "../base/assert.ts";
import { CHECK_REQUEST_MAX_BYTES } from "../base/limits.ts";
import type { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { evaluate } from "../policy/evaluate.ts";
import { Flow } from "../policy/flow.ts";
import type { SnapshotStore } from "../policy/snapshot.ts";
import { createVerdict, DENY_REASONS, type DenyReason, NO_DECIDER, type Verdict } from "../policy/verdict.ts";
import { DecisionIds } from "./decision-id.ts";
import { blankFlow, type CheckVersion, decodeCheckRequest } from "./decode-check-request.ts";
import { CheckResponseEncoder } from "./encode-check-response.ts";
import type { OverloadGuard } from "./overload-guard.ts";

/** Told of each decision, on the path of the request: must be quick, and must keep neither `flow` nor what it holds. */
export type DecisionObserver = {
  onDecision(verdict: Verdict, flow: Flow, decisionId: string): void;
};

/** What the transport knows of a call, beside the request's bytes. */
export type CheckCall = {
  readonly version: CheckVersion;
  /** The call's metadata says `x-ephor-http-follows: true`. */
  readonly httpFollows: boolean;
  /** What the caller's deadline still leaves, in milliseconds; Infinity where it has none. */
  readonly remainingMs: number;
};

export type CheckHandlerOptions = {
  /** What a denied client reads; empty for nothing. */
  readonly denialBody: string;
  /** Envoy's ports to those that policy names; others stand for themselves. */
  readonly portMap: ReadonlyMap<number, number>;
  /** Told of each error that became a denial with reason `internal`. */
  readonly onInternalError: (error: Error) => void;
};

/**
 * From a CheckRequest's bytes to a CheckResponse's: synchronous, never throws, always an answer.
 *
 * A bug of ours becomes one denial with reason `internal`, since an error at the level of gRPC would hand the decision to
 * Envoy's failure mode.
 */
export class CheckHandler {
  readonly #store: SnapshotStore;
  readonly #identity: PeerIdentityReader;
  readonly #observer: DecisionObserver;
  readonly #guard: OverloadGuard;
  readonly #options: CheckHandlerOptions;
  readonly #encoder: CheckResponseEncoder;
  readonly #ids = new DecisionIds();
  /** Reused: nothing awaits while it is in use. */
  readonly #flow = new Flow();
  /** For as long as there is no snapshot. */
  readonly #denialsBefore: Readonly<Record<DenyReason, Verdict>>;

  constructor(
    store: SnapshotStore,
    identity: PeerIdentityReader,
    observer: DecisionObserver,
    guard: OverloadGuard,
    options: CheckHandlerOptions,
  ) {
    this.#store = store;
    this.#identity = identity;
    this.#observer = observer;
    this.#guard = guard;
    this.#options = options;
    this.#encoder = new CheckResponseEncoder(options.denialBody);
    this.#denialsBefore = createDenials(identity.semantics);
  }

  /** @returns bytes that the caller must not change. */
  handle(bytes: Uint8Array, call: CheckCall): Buffer {
    return this.#answer(bytes, call);
  }

  /** Denies a check whose bytes the transport did not keep. The answer is like that of `handle`. */
  refuse(reason: "bad_request" | "overloaded", call: CheckCall): Buffer {
    return this.#answer(reason, call);
  }

  /** @param check the request's bytes, or why they are denied without being there. */
  #answer(check: Uint8Array | DenyReason, call: CheckCall): Buffer {
    const decisionId = this.#ids.next();
    try {
      const verdict = typeof check === "string" ? this.#refuse(check) : this.#judge(check, call);
      // Encoded first: what is counted and logged as sent can be sent.
      const response = this.#encoder.encode(verdict, decisionId, call.version);
      this.#observer.onDecision(verdict, this.#flow, decisionId);
      return response;
    } catch (reason) {
      return this.#failClosed(toError(reason), decisionId, call.version);
    }
  }

  #judge(bytes: Uint8Array, call: CheckCall): Verdict {
    const flow = this.#flow;
    if (!this.#guard.admit(call.remainingMs)) return this.#refuse("overloaded");
    if (bytes.length > CHECK_REQUEST_MAX_BYTES) return this.#refuse("bad_request");
    if (!decodeCheckRequest(bytes, flow, this.#identity, call.version)) return this.#denial("bad_request");
    flow.httpFollows = call.httpFollows;
    flow.destinationPort = this.#options.portMap.get(flow.destinationPort) ?? flow.destinationPort;
    return evaluate(this.#store, flow);
  }

  /** A denial of a request that was not looked at. */
  #refuse(reason: DenyReason): Verdict {
    blankFlow(this.#flow);
    return this.#denial(reason);
  }

  #failClosed(error: Error, decisionId: string, version: CheckVersion): Buffer {
    const verdict = this.#denial("internal");
    const response = this.#encoder.encode(verdict, decisionId, version);
    try {
      this.#options.onInternalError(error);
      blankFlow(this.#flow);
      this.#observer.onDecision(verdict, this.#flow, decisionId);
    } catch {
      // Whoever is told may be what failed in the first place; the caller still gets its denial.
    }
    return response;
  }

  /** A denial that no policy decided. */
  #denial(reason: DenyReason): Verdict {
    const snapshot = this.#store.current;
    return snapshot === undefined ? this.#denialsBefore[reason] : snapshot.denial(reason);
  }
}

function createDenials(semantics: "strict" | "calico"): Record<DenyReason, Verdict> {
  const entries = DENY_REASONS.map((reason) => [reason, createVerdict(NO_DECIDER, reason, semantics, 0)]);
  return Object.fromEntries(entries);
}
