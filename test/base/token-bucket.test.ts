import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenBucket } from "../../src/base/token-bucket.ts";

describe("TokenBucket", () => {
  function bucketAt(): { readonly bucket: TokenBucket; readonly pass: (ms: number) => void } {
    let nowMs = 1_000_000;
    const clock = { nowMs: () => nowMs, wallMs: () => nowMs };
    return {
      bucket: new TokenBucket(clock, { ratePerSecond: 2, burst: 3 }),
      pass: (ms) => {
        nowMs += ms;
      },
    };
  }

  function taken(bucket: TokenBucket, tries: number): number {
    let count = 0;
    for (let i = 0; i < tries; i++) if (bucket.take()) count++;
    return count;
  }

  it("lets the burst through and no more", () => {
    assert.equal(taken(bucketAt().bucket, 10), 3);
  });

  it("refills at its rate", () => {
    const { bucket, pass } = bucketAt();
    taken(bucket, 3);
    pass(499);
    assert.equal(taken(bucket, 1), 0);
    pass(1);
    assert.equal(taken(bucket, 2), 1);
  });

  it("never saves up more than the burst", () => {
    const { bucket, pass } = bucketAt();
    pass(3_600_000);
    assert.equal(taken(bucket, 10), 3);
  });
});
