import { type BitSet, createBitSet } from "../../base/bit-set.ts";
import { IDENTITY_MEMO_MAX } from "../../base/limits.ts";
import type { PeerIdentity } from "../../identity/peer-identity.ts";
import type { Subject } from "../identity-clauses.ts";
import { peerSubject } from "../subject.ts";
import type { Binding } from "./bound-segment.ts";
import type { IdentityColumn } from "./identity-column.ts";

/** `maybe` is the same object as `yes` where nothing is unknown. Shared, do not mutate. */
export type IdentityRows = { readonly yes: BitSet; readonly maybe: BitSet };

/** The rows of each identity that came by; kinds without a name share theirs. */
export class IdentityMemo {
  readonly #column: IdentityColumn;
  readonly #rowCount: number;
  readonly #binding: Binding;
  readonly #accounts = new Map<PeerIdentity, IdentityRows>();
  #none: IdentityRows | undefined;
  #foreign: IdentityRows | undefined;
  #foreignElsewhere: IdentityRows | undefined;

  constructor(column: IdentityColumn, rowCount: number, binding: Binding) {
    this.#column = column;
    this.#rowCount = rowCount;
    this.#binding = binding;
  }

  rowsOf(peer: PeerIdentity): IdentityRows {
    switch (peer.kind) {
      case "none":
        this.#none ??= this.#compute(peer);
        return this.#none;
      case "foreign":
        if (peer.spiffeId !== undefined) return this.#accounts.get(peer) ?? this.#remember(peer);
        if (peer.otherTrustDomain) {
          this.#foreignElsewhere ??= this.#compute(peer);
          return this.#foreignElsewhere;
        }
        this.#foreign ??= this.#compute(peer);
        return this.#foreign;
      case "service-account":
        return this.#accounts.get(peer) ?? this.#remember(peer);
    }
  }

  #remember(peer: PeerIdentity): IdentityRows {
    if (this.#accounts.size >= IDENTITY_MEMO_MAX) this.#accounts.clear();
    const rows = this.#compute(peer);
    this.#accounts.set(peer, rows);
    return rows;
  }

  #compute(peer: PeerIdentity): IdentityRows {
    const { labels, options } = this.#binding;
    return computeRows(this.#column, this.#rowCount, peerSubject(peer, labels, options));
  }
}

/** What a column says to one identity. */
export function computeRows(column: IdentityColumn, rowCount: number, subject: Subject): IdentityRows {
  const yes = createBitSet(rowCount);
  const maybe = createBitSet(rowCount);
  const differ = column.evaluate(subject, yes, maybe);
  return { yes, maybe: differ ? maybe : yes };
}
