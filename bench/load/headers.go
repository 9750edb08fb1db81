package main

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// headerBlocks makes the header block of each request as a client with a dynamic table does: the first one carries the fields
// and has the server remember them, those after it are indexes.
type headerBlocks struct {
	fields  []hpack.HeaderField
	encoder *hpack.Encoder
	buffer  *bytes.Buffer
	last    []byte
	settled bool // two blocks in a row were the same, so that all later ones are
}

func newHeaderBlocks(fields []hpack.HeaderField) headerBlocks {
	buffer := &bytes.Buffer{}
	return headerBlocks{fields: fields, buffer: buffer, encoder: hpack.NewEncoder(buffer)}
}

func (h *headerBlocks) limitTable(bytes uint32) {
	h.encoder.SetMaxDynamicTableSizeLimit(bytes)
	h.settled = false
}

func (h *headerBlocks) next() []byte {
	if h.settled {
		return h.last
	}
	h.buffer.Reset()
	for _, field := range h.fields {
		if err := h.encoder.WriteField(field); err != nil {
			panic(err) // a bytes.Buffer takes everything
		}
	}
	block := h.buffer.Bytes()
	h.settled = bytes.Equal(block, h.last)
	h.last = append(h.last[:0], block...)
	return h.last
}

// answerHeaders decodes the header blocks of answers and refuses those that tell of anything but success. A block that is
// nothing but indexes leaves the dynamic table as it is: the same bytes mean the same again, and are not decoded again.
type answerHeaders struct {
	request *request
	decoder *hpack.Decoder
	fields  map[string]string
	// Blocks that were found good under the table as it is, by their place in an answer.
	good [places][]byte
}

const (
	placeFirst   = iota // of an answer that goes on
	placeWhole          // first and last: an answer without a body
	placeTrailer        // last
	places
)

func newAnswerHeaders(request *request) answerHeaders {
	fields := map[string]string{}
	return answerHeaders{request: request, fields: fields, decoder: hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		fields[field.Name] = field.Value
	})}
}

// check says whether an answer is still what was expected. An HTTP status other than 200 is not; a gRPC call that failed is an
// error, for no server that is measured fails calls.
func (a *answerHeaders) check(block []byte, isFirst, endsStream bool) (bool, error) {
	place := placeFirst
	switch {
	case isFirst && endsStream:
		place = placeWhole
	case endsStream:
		place = placeTrailer
	case !isFirst:
		return false, fmt.Errorf("an answer has headers in its middle")
	}
	if len(block) > 0 && bytes.Equal(block, a.good[place]) {
		return true, nil
	}
	clear(a.fields)
	if _, err := a.decoder.Write(block); err != nil {
		return false, fmt.Errorf("the server's headers: %w", err)
	}
	if err := a.decoder.Close(); err != nil {
		return false, fmt.Errorf("the server's headers: %w", err)
	}
	if !onlyIndexes(block) {
		a.good = [places][]byte{}
		return a.judge(place)
	}
	isExpected, err := a.judge(place)
	if isExpected && err == nil {
		a.good[place] = append(a.good[place][:0], block...)
	}
	return isExpected, err
}

func (a *answerHeaders) judge(place int) (bool, error) {
	status := a.fields[":status"]
	if !a.request.isGrpc {
		return place == placeTrailer || status == "200", nil
	}
	if place != placeTrailer && status != "200" {
		return false, fmt.Errorf("a call was answered with status %s", status)
	}
	if place != placeTrailer && !strings.HasPrefix(a.fields["content-type"], "application/grpc") {
		return false, fmt.Errorf("an answer has the content type `%s`", a.fields["content-type"])
	}
	if place != placeFirst && a.fields["grpc-status"] != "0" {
		return false, fmt.Errorf("a call ended with grpc-status `%s`: %s", a.fields["grpc-status"], a.fields["grpc-message"])
	}
	return true, nil
}

// onlyIndexes: every representation has its first bit set and is one byte long.
func onlyIndexes(block []byte) bool {
	for _, first := range block {
		if first <= 0x80 || first == 0xff {
			return false
		}
	}
	return true
}
