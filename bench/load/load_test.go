package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/net/http2/hpack"
)

func TestHistogramTellsQuantilesWithinOnePercentAbove(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	values := make([]int64, 20_000)
	for index := range values {
		values[index] = int64(math.Exp(random.Float64() * 24))
		h.record(values[index])
	}
	slices.Sort(values)
	for _, share := range []float64{0.0001, 0.5, 0.99, 0.999, 1} {
		want := values[int(math.Ceil(share*float64(len(values))))-1]
		got := h.quantile(share)
		if got < want || float64(got) > float64(want)*1.008+1 {
			t.Errorf("quantile %v: got %d, the sorted values say %d", share, got, want)
		}
	}
	if h.quantile(1) != values[len(values)-1] || h.max != values[len(values)-1] {
		t.Errorf("the largest value is not kept as it is")
	}
}

func TestHistogramBucketsMeet(t *testing.T) {
	previous := int64(-1)
	for bucket := range len(histogram{}.counts) {
		end := bucketEnd(bucket)
		if end < 0 {
			break // beyond 63 bits
		}
		if bucketOf(uint64(end)) != bucket || bucketOf(uint64(previous+1)) != bucket {
			t.Fatalf("bucket %d goes from %d to %d, which are in %d and %d",
				bucket, previous+1, end, bucketOf(uint64(previous+1)), bucketOf(uint64(end)))
		}
		previous = end
	}
}

func TestVerdicts(t *testing.T) {
	cases := []struct {
		name  string
		body  string
		allow bool
		good  bool
	}{
		{"an empty status allows", "\x00\x00\x00\x00\x02\x0a\x00", true, true},
		{"code 0 allows", "\x00\x00\x00\x00\x04\x0a\x02\x08\x00", true, true},
		{"another field after it changes nothing", "\x00\x00\x00\x00\x06\x0a\x00\x1a\x02\x00\x00", true, true},
		{"code 7 denies", "\x00\x00\x00\x00\x04\x0a\x02\x08\x07", true, false},
		{"code 7 is what was wanted", "\x00\x00\x00\x00\x04\x0a\x02\x08\x07", false, true},
		{"an allow is not what was wanted", "\x00\x00\x00\x00\x02\x0a\x00", false, false},
		{"no status", "\x00\x00\x00\x00\x02\x1a\x00", true, false},
		{"an empty message", "\x00\x00\x00\x00\x00", true, false},
		{"nothing", "", true, false},
		{"a compressed message", "\x01\x00\x00\x00\x02\x0a\x00", true, false},
		{"a length that is wrong", "\x00\x00\x00\x00\x03\x0a\x00", true, false},
		{"a field that ends early", "\x00\x00\x00\x00\x03\x0a\x05\x08", true, false},
	}
	for _, c := range cases {
		checker := verdictChecker{allow: c.allow}
		for range 2 { // and again, when it may have been remembered
			if isGood, err := checker.isExpected([]byte(c.body)); isGood != c.good {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

func TestHeaderBlocksBecomeIndexes(t *testing.T) {
	blocks := newHeaderBlocks([]hpack.HeaderField{{Name: ":method", Value: "POST"}, {Name: "te", Value: "trailers"}})
	var decoded []hpack.HeaderField
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) { decoded = append(decoded, field) })
	for round, wantIndexes := range []bool{false, true, true, true} {
		block := blocks.next()
		if onlyIndexes(block) != wantIndexes {
			t.Errorf("block %d: %x", round, block)
		}
		if _, err := decoder.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if len(decoded) != 8 || decoded[7].Value != "trailers" {
		t.Errorf("decoded %v", decoded)
	}
}

func TestAnswerHeadersAreJudgedUnderTheTableOfTheMoment(t *testing.T) {
	var out []byte
	buffer := writer{&out}
	encoder := hpack.NewEncoder(buffer)
	block := func(fields ...string) []byte {
		out = nil
		for index := 0; index < len(fields); index += 2 {
			if err := encoder.WriteField(hpack.HeaderField{Name: fields[index], Value: fields[index+1]}); err != nil {
				t.Fatal(err)
			}
		}
		return slices.Clone(out)
	}
	answers := newAnswerHeaders(&request{isGrpc: true})
	steps := []struct {
		name   string
		block  []byte
		first  bool
		last   bool
		isGood bool
	}{
		{"headers", block(":status", "200", "content-type", "application/grpc"), true, false, true},
		{"trailers", block("grpc-status", "0"), false, true, true},
		{"headers again", block(":status", "200", "content-type", "application/grpc"), true, false, true},
		{"trailers again", block("grpc-status", "0"), false, true, true},
		// Takes the index that meant grpc-status 0.
		{"an error", block("grpc-status", "14"), false, true, false},
		{"the same bytes as before mean something else", []byte{0x80 | 62}, false, true, false},
		{"success again", block("grpc-status", "0"), false, true, true},
		{"another status", block(":status", "503"), true, true, false},
		{"another content type", block(":status", "200", "content-type", "text/plain"), true, false, false},
		{"only trailers, with an error", block(":status", "200", "content-type", "application/grpc", "grpc-status", "8"), true, true, false},
	}
	for _, step := range steps {
		if isGood, err := answers.check(step.block, step.first, step.last); isGood != step.isGood || (err == nil) != isGood {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

type writer struct{ out *[]byte }

func (w writer) Write(bytes []byte) (int, error) {
	*w.out = append(*w.out, bytes...)
	return len(bytes), nil
}

func TestAnswersOfHttpAreExpectedByTheirStatus(t *testing.T) {
	answers := newAnswerHeaders(&request{})
	for _, step := range []struct {
		block  string
		isGood bool
	}{{"\x88", true}, {"\x8c", false}, {"\x88", true}, {"\x8e", false}} { // 200, 400 and 500 of the static table
		if isGood, err := answers.check([]byte(step.block), true, true); isGood != step.isGood || err != nil {
			t.Errorf("%x: %v %v", step.block, isGood, err)
		}
	}
}
