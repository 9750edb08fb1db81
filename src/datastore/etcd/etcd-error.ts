/** Why a request to etcd came to nothing: a value of the network, never a bug of ours. */
import { type ServiceError, status } from "@grpc/grpc-js";
import { quote } from "../locate.ts";

/**
 * - `away`: no answer, or that of a member that can't give one; another attempt or another member may
 * - `refused`: etcd understood and says no
 * - `stale_login`: it wants a new log-in
 * - `compacted`: the history that was asked for is gone
 * - `future`: a revision was asked for that this etcd hasn't reached
 * - `too_large`: the answer is larger than we take in
 * - `nonsense`: an answer that no etcd gives
 */
export type EtcdErrorKind =
  | "away"
  | "refused"
  | "stale_login"
  | "compacted"
  | "future"
  | "too_large"
  | "nonsense";

export type EtcdError = {
  readonly kind: EtcdErrorKind;
  /** One lower-case sentence, no full stop. */
  readonly message: string;
  /** Of a write: it may have been done all the same. */
  readonly mayBeDone: boolean;
};

export function etcdError(kind: EtcdErrorKind, message: string, mayBeDone = false): EtcdError {
  return { kind, message, mayBeDone };
}

/** etcd says so before it does anything. */
const NOT_DONE = /no leader|too many requests|not capable|learner/;

/** What a failed call means. */
export function fromServiceError({ code, details }: Pick<ServiceError, "code" | "details">): EtcdError {
  const message = quote(details.replace(/^etcdserver: /, ""));
  switch (code) {
    case status.UNAUTHENTICATED:
      return etcdError("stale_login", message);
    case status.INVALID_ARGUMENT:
      if (/auth store is old|user name is empty/.test(details)) return etcdError("stale_login", message);
      return etcdError("refused", message);
    case status.OUT_OF_RANGE:
      return etcdError(/compacted/.test(details) ? "compacted" : "future", message);
    case status.RESOURCE_EXHAUSTED:
      if (/message larger/i.test(details)) return etcdError("too_large", message);
      return etcdError(/too many requests/.test(details) ? "away" : "refused", message);
    case status.DEADLINE_EXCEEDED:
      return etcdError("away", "no answer in time", true);
    case status.UNAVAILABLE:
    case status.CANCELLED:
    case status.INTERNAL:
    case status.UNKNOWN:
    case status.ABORTED:
      return etcdError("away", message, !NOT_DONE.test(details));
    default:
      return etcdError("refused", message);
  }
}

/** Why a watch was ended, from its last answer. */
export function fromCancelReason(reason: string): EtcdError {
  if (reason === "") return etcdError("away", "etcd ended the watch without a reason");
  const message = quote(reason.replace(/^etcdserver: /, ""));
  if (/compacted/.test(reason)) return etcdError("compacted", message);
  if (/permission denied/.test(reason)) return etcdError("refused", message);
  if (/auth|user name/.test(reason)) return etcdError("stale_login", message);
  return etcdError("away", message);
}
