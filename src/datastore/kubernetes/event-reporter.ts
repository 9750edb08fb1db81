import { toError } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import {
  STATUS_BURST,
  STATUS_FRESH_MS,
  STATUS_OBJECT_BURST,
  STATUS_OBJECT_RATE_PER_SECOND,
  STATUS_OBJECTS_MAX,
  STATUS_PROBLEMS_MAX,
  STATUS_RATE_PER_SECOND,
  STATUS_REFUSED_MS,
  STATUS_REPEAT_MS,
  STATUS_SPREAD_MS,
} from "../../base/limits.ts";
import { TokenBucket } from "../../base/token-bucket.ts";
import type { StatusOutcome, StatusReporter } from "../datastore.ts";
import type { ObjectReference } from "../kind-table.ts";
import type { ApiAccess } from "./api-access.ts";
import { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { backoffMs } from "./backoff.ts";
import { lastSeenMs, type StatusEvent, seenAgain, statusEvent } from "./status-event.ts";
import { StatusLease } from "./status-lease.ts";

export type EventReporterOptions = {
  readonly access: ApiAccess;
  /** Who writes; one name for one node, so that an agent that starts again goes on as the same. */
  readonly instance: string;
  /** The object that an issue's `where` begins with. */
  readonly subjectOf: (where: string) => ObjectReference | undefined;
  /** From 0 up to but not including 1; spreads load. */
  readonly random: () => number;
  /** @param detail of a failure: why. */
  readonly onOutcome: (outcome: StatusOutcome, detail: string) => void;
};

type Problem = { readonly issue: Issue; dueAtMs: number };

/**
 * Writes the problems of policies as Events on them, slowly, from one of many node agents.
 *
 * A problem is due when it appears, and again every half an hour while it stands. What is due is written one by one, if
 * the Lease is ours, as fast as the buckets allow. A failure of the server's puts everything off; a refusal of one Event
 * puts off that one. Its connections are its own: nothing here is in the way of reading policy.
 */
export class EventReporter implements StatusReporter {
  readonly #clock: Clock;
  readonly #options: EventReporterOptions;
  readonly #client: ApiClient;
  readonly #lease: StatusLease;
  readonly #closing = new AbortController();
  readonly #overall: TokenBucket;
  /** By uid, the one that was quiet for longest first. */
  readonly #buckets = new Map<string, TokenBucket>();
  #problems: ReadonlyMap<string, Problem> = new Map();
  /** Nothing is sent before this, on the clock. */
  #quietUntilMs = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;

  constructor(clock: Clock, options: EventReporterOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#client = new ApiClient(options.access);
    this.#lease = new StatusLease(clock, this.#client, options.instance);
    this.#overall = new TokenBucket(clock, {
      ratePerSecond: STATUS_RATE_PER_SECOND,
      burst: STATUS_BURST,
    });
  }

  report(issues: readonly Issue[]): void {
    const firstAtMs = this.#clock.nowMs() + this.#options.random() * STATUS_SPREAD_MS;
    const problems = new Map<string, Problem>();
    for (const issue of issues) {
      if (this.#options.subjectOf(issue.where) === undefined) continue;
      const key = JSON.stringify([issue.severity, issue.code, issue.where, issue.message]);
      problems.set(key, this.#problems.get(key) ?? { issue, dueAtMs: firstAtMs });
      if (problems.size === STATUS_PROBLEMS_MAX) break;
    }
    this.#problems = problems;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#turn;
    this.#client.close();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closing.signal.aborted || this.#turn !== undefined || this.#problems.size === 0) return;
    const dueAtMs = Math.min(...[...this.#problems.values()].map((problem) => problem.dueAtMs));
    const delayMs = Math.max(0, dueAtMs - this.#clock.nowMs(), this.#quietUntilMs - this.#clock.nowMs());
    this.#timer = setTimeout(() => {
      this.#turn = this.#writeDue().finally(() => {
        this.#turn = undefined;
        this.#schedule();
      });
    }, delayMs);
  }

  async #writeDue(): Promise<void> {
    try {
      for (const problem of this.#problems.values()) {
        if (this.#closing.signal.aborted) return;
        if (problem.dueAtMs > this.#clock.nowMs()) continue;
        const waitMs = await this.#lease.hold(this.#closing.signal);
        if (waitMs > 0) return this.#beQuiet(waitMs);
        if (!(await this.#writeOne(problem))) return;
        this.#failures = 0;
      }
    } catch (reason) {
      if (this.#closing.signal.aborted) return;
      if (!(reason instanceof ApiError)) throw toError(reason); // a bug of ours ends the process
      this.#fail(reason);
    }
  }

  /** False if it has to wait for its turn. */
  async #writeOne(problem: Problem): Promise<boolean> {
    const { issue } = problem;
    const subject = this.#options.subjectOf(issue.where);
    const nowMs = this.#clock.nowMs();
    problem.dueAtMs = nowMs + STATUS_REPEAT_MS;
    if (subject === undefined) return true; // gone since; the next list of issues is without it
    if (!this.#overall.take()) {
      problem.dueAtMs = nowMs;
      this.#beQuiet(1_000 / STATUS_RATE_PER_SECOND);
      return false;
    }
    if (!this.#bucketOf(subject.uid).take()) {
      problem.dueAtMs = nowMs + 1_000 / STATUS_OBJECT_RATE_PER_SECOND;
      this.#options.onOutcome("limited", "");
      return true;
    }
    try {
      const event = statusEvent(issue, subject, this.#options.instance, this.#clock.wallMs());
      if (await this.#create(event)) this.#options.onOutcome("written", "");
    } catch (reason) {
      problem.dueAtMs = nowMs; // unless it is said otherwise
      if (!(reason instanceof ApiError) || !isRefusal(reason)) throw reason;
      problem.dueAtMs = nowMs + STATUS_REFUSED_MS;
      this.#options.onOutcome("failed", reason.message);
    }
    return true;
  }

  /** False if it is there, and fresh. */
  async #create({ path, name, body }: StatusEvent): Promise<boolean> {
    const { signal } = this.#closing;
    try {
      await this.#client.getJson({ path, method: "POST", body, signal });
      return true;
    } catch (reason) {
      if (!(reason instanceof ApiError) || reason.status !== 409) throw reason;
    }
    const own = `${path}/${name}`;
    const known = await this.#client.getJson({ path: own, signal });
    const wallMs = this.#clock.wallMs();
    if (wallMs - lastSeenMs(known) < STATUS_FRESH_MS) return false;
    await this.#client.getJson({ path: own, method: "PATCH", body: seenAgain(known, wallMs), signal });
    return true;
  }

  #bucketOf(uid: string): TokenBucket {
    const bucket =
      this.#buckets.get(uid) ??
      new TokenBucket(this.#clock, {
        ratePerSecond: STATUS_OBJECT_RATE_PER_SECOND,
        burst: STATUS_OBJECT_BURST,
      });
    this.#buckets.delete(uid);
    this.#buckets.set(uid, bucket);
    for (const quietest of this.#buckets.keys()) {
      if (this.#buckets.size <= STATUS_OBJECTS_MAX) break;
      this.#buckets.delete(quietest);
    }
    return bucket;
  }

  #fail(error: ApiError): void {
    this.#failures++;
    const delayMs = isRefusal(error) ? STATUS_REFUSED_MS : backoffMs(this.#failures, this.#options.random());
    this.#beQuiet(error.retryAfterMs ?? delayMs);
    this.#options.onOutcome("failed", error.message);
  }

  #beQuiet(forMs: number): void {
    this.#quietUntilMs = this.#clock.nowMs() + forMs;
  }
}

/** Of this request, by a server that is well: asking again soon would change nothing. */
function isRefusal({ status }: ApiError): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 429;
}
