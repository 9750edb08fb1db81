/**
 * Which one of a cluster's node agents writes Events: the holder of one Lease
 * (docs/decisions/0008-one-agent-writes-events.md).
 *
 * Two that write for a while, as with clocks that disagree, do no harm: the same problem is the same Event.
 */
import type { Clock } from "../../base/clock.ts";
import { STATUS_LEASE_MS, STATUS_LEASE_RENEW_MS } from "../../base/limits.ts";
import { isMapping } from "../schema/kind.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { microTime } from "./status-event.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const NAME = "ephor-node-status";

export class StatusLease {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #holder: string;
  /** On the clock; while we hold it. */
  #renewedAtMs: number = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, client: ApiClient, holder: string) {
    this.#clock = clock;
    this.#client = client;
    this.#holder = holder;
  }

  /**
   * Takes or keeps it if nobody else has it. The number of milliseconds after which to ask again; 0: it is ours.
   * Rejects with an ApiError where the server can't be asked.
   */
  async hold(signal: AbortSignal): Promise<number> {
    if (this.#clock.nowMs() - this.#renewedAtMs < STATUS_LEASE_RENEW_MS) return 0;
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    const askedAtMs = this.#clock.nowMs();
    const found = await this.#read(signal);
    const waitMs = found === undefined ? 0 : this.#foreignForMs(found);
    if (waitMs > 0) return waitMs;
    if (!(await this.#write(found, signal))) return STATUS_LEASE_RENEW_MS;
    this.#renewedAtMs = askedAtMs;
    return 0;
  }

  async #read(signal: AbortSignal): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const lease = await this.#client.getJson({ path: `${LEASES}/${NAME}`, signal });
      if (!isMapping(lease)) throw new ApiError(0, "the answer is not a Lease");
      return lease;
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 404) return undefined;
      throw reason;
    }
  }

  /** For how long it is another's. A time as far in the future is a wrong clock's, and binds nobody either. */
  #foreignForMs({ spec }: Readonly<Record<string, unknown>>): number {
    if (!isMapping(spec)) return 0;
    const { holderIdentity = "", renewTime } = spec;
    const ageMs = Math.abs(this.#clock.wallMs() - Date.parse(String(renewTime)));
    if (holderIdentity === "" || holderIdentity === this.#holder || Number.isNaN(ageMs)) return 0;
    return Math.max(0, STATUS_LEASE_MS - ageMs);
  }

  /** False if another was faster. */
  async #write(found: Readonly<Record<string, unknown>> | undefined, signal: AbortSignal): Promise<boolean> {
    const spec = {
      holderIdentity: this.#holder,
      leaseDurationSeconds: STATUS_LEASE_MS / 1_000,
      renewTime: microTime(this.#clock.wallMs()),
    };
    const named = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: NAME } };
    try {
      if (found === undefined) {
        await this.#client.getJson({ path: LEASES, method: "POST", body: { ...named, spec }, signal });
      } else {
        // With the version that was read: one of two who read the same is refused.
        const body = { ...found, spec };
        await this.#client.getJson({ path: `${LEASES}/${NAME}`, method: "PUT", body, signal });
      }
      return true;
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 409) return false;
      throw reason;
    }
  }
}
