package main

import (
	"math"
	"math/bits"
)

// Each power of two is cut into this many steps, so that a value is known to within 1/128.
const (
	stepBits = 7
	steps    = 1 << stepBits
)

// histogram counts durations in nanoseconds without keeping them: what it answers is at most 0.8 % above the truth.
type histogram struct {
	counts [(64 - stepBits) * steps]uint64
	count  uint64
	max    int64
	sum    float64
}

func (h *histogram) record(ns int64) {
	if ns < 0 {
		ns = 0
	}
	h.counts[bucketOf(uint64(ns))]++
	h.count++
	h.sum += float64(ns)
	if ns > h.max {
		h.max = ns
	}
}

// quantile is a value that the given share of those recorded does not exceed; never above the largest one.
func (h *histogram) quantile(share float64) int64 {
	if h.count == 0 {
		return 0
	}
	rank := uint64(math.Ceil(share * float64(h.count)))
	if rank == 0 {
		rank = 1
	}
	var seen uint64
	for bucket, count := range h.counts {
		seen += count
		if seen >= rank {
			return min(bucketEnd(bucket), h.max)
		}
	}
	return h.max
}

func (h *histogram) mean() float64 {
	if h.count == 0 {
		return 0
	}
	return h.sum / float64(h.count)
}

// Values below `steps` have a bucket each; above, the leading bit says the row and the next seven the step in it.
func bucketOf(value uint64) int {
	if value < steps {
		return int(value)
	}
	shift := bits.Len64(value) - 1 - stepBits
	return (shift+1)*steps + int(value>>shift) - steps
}

// bucketEnd is the largest value of a bucket.
func bucketEnd(bucket int) int64 {
	if bucket < steps {
		return int64(bucket)
	}
	shift := bucket/steps - 1
	return int64(uint64(bucket%steps+steps+1)<<shift - 1)
}
