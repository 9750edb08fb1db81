/**
 * When to believe what is seen of a file. Pure: told what is there and when, it says what to read and when to look
 * again.
 *
 * A path is in one of these states, and `observe` alone moves it:
 *
 * Steady: what is seen is what was last accepted, or nothing was ever accepted and nothing is there.
 *
 * Changing: another version is seen. Once the same version has been seen for FILE_SETTLE_MS it is to be read; a
 * version that its reader distrusts waits for FILE_DISTRUST_MS.
 *
 * Missing: it was accepted and is gone. It fades at once and is to be removed after FILE_DISTRUST_MS without any
 * change in the directory, at the latest after FILE_MISSING_MAX_MS. If it comes back it is steady or changing.
 */
import { FILE_DISTRUST_MS, FILE_MISSING_MAX_MS, FILE_SETTLE_MS } from "../../base/limits.ts";

type Candidate = { readonly signature: string; readonly sinceMs: number; isDistrusted: boolean };

type Track = {
  accepted: string | undefined;
  candidate: Candidate | undefined;
  missingSinceMs: number | undefined;
};

export type Observation = {
  /** Versions that have settled. */
  readonly read: readonly { readonly path: string; readonly isTrusted: boolean }[];
  /** Accepted files that are gone for the moment. */
  readonly fading: readonly string[];
  /** Accepted files that are back. */
  readonly back: readonly string[];
  /** Accepted files that are gone for good. */
  readonly removed: readonly string[];
};

export class SettleTracker {
  readonly #tracks = new Map<string, Track>();
  #changedAtMs: number;

  constructor(nowMs: number) {
    this.#changedAtMs = nowMs;
  }

  /** The version `signature` of a file is now what counts. */
  accept(path: string, signature: string): void {
    this.#tracks.set(path, { accepted: signature, candidate: undefined, missingSinceMs: undefined });
  }

  /** The version that `observe` said to read may be half of one: ask again when it is older. */
  distrust(path: string): void {
    const candidate = this.#tracks.get(path)?.candidate;
    if (candidate !== undefined) candidate.isDistrusted = true;
  }

  /** The version that was to be read is not there any more, or could not be read: begin anew. */
  retry(path: string): void {
    const track = this.#tracks.get(path);
    if (track !== undefined) track.candidate = undefined;
  }

  /** The paths that are not steady. */
  get pending(): string[] {
    return [...this.#tracks].flatMap(([path, track]) => (isSteady(track) ? [] : [path]));
  }

  /** When to look again at the latest; undefined if nothing is on its way. */
  get wakeAtMs(): number | undefined {
    let wakeAtMs: number | undefined;
    for (const { candidate, missingSinceMs } of this.#tracks.values()) {
      const due = candidate !== undefined ? dueMs(candidate) : undefined;
      const removal = missingSinceMs !== undefined ? this.#removalMs(missingSinceMs) : undefined;
      for (const at of [due, removal]) {
        if (at !== undefined && (wakeAtMs === undefined || at < wakeAtMs)) wakeAtMs = at;
      }
    }
    return wakeAtMs;
  }

  /**
   * @param seen signatures by path; a path that is there but can't be looked at has `undefined` and stays as it is.
   * @param isExpected whether a path that is not in `seen` would be, if it existed.
   */
  observe(
    seen: ReadonlyMap<string, string | undefined>,
    isExpected: (path: string) => boolean,
    nowMs: number,
  ): Observation {
    const read: { path: string; isTrusted: boolean }[] = [];
    const back: string[] = [];
    for (const [path, signature] of seen) {
      const track = this.#track(path);
      if (track.missingSinceMs !== undefined) {
        track.missingSinceMs = undefined;
        this.#changedAtMs = nowMs;
        back.push(path);
      }
      if (signature !== undefined && this.#hasSettled(track, signature, nowMs)) {
        read.push({ path, isTrusted: track.candidate?.isDistrusted === true });
      }
    }
    const fading: string[] = [];
    const removed: string[] = [];
    for (const [path, track] of this.#tracks) {
      if (seen.has(path) || !isExpected(path)) continue;
      track.candidate = undefined;
      if (track.accepted === undefined) {
        this.#tracks.delete(path);
      } else if (track.missingSinceMs === undefined) {
        track.missingSinceMs = nowMs;
        this.#changedAtMs = nowMs;
        fading.push(path);
      } else if (nowMs >= this.#removalMs(track.missingSinceMs)) {
        this.#tracks.delete(path);
        removed.push(path);
      }
    }
    return { read, fading, back, removed };
  }

  #track(path: string): Track {
    const known = this.#tracks.get(path);
    if (known !== undefined) return known;
    const track: Track = { accepted: undefined, candidate: undefined, missingSinceMs: undefined };
    this.#tracks.set(path, track);
    return track;
  }

  #hasSettled(track: Track, signature: string, nowMs: number): boolean {
    if (signature === track.accepted) {
      track.candidate = undefined;
      return false;
    }
    if (track.candidate?.signature !== signature) {
      track.candidate = { signature, sinceMs: nowMs, isDistrusted: false };
      this.#changedAtMs = nowMs;
    }
    return nowMs >= dueMs(track.candidate);
  }

  #removalMs(missingSinceMs: number): number {
    const quietMs = Math.max(missingSinceMs, this.#changedAtMs) + FILE_DISTRUST_MS;
    return Math.min(quietMs, missingSinceMs + FILE_MISSING_MAX_MS);
  }
}

function isSteady(track: Track): boolean {
  return track.candidate === undefined && track.missingSinceMs === undefined;
}

function dueMs(candidate: Candidate): number {
  return candidate.sinceMs + (candidate.isDistrusted ? FILE_DISTRUST_MS : FILE_SETTLE_MS);
}
