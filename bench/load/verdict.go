package main

import (
	"bytes"
	"fmt"
)

// verdictChecker looks at every answer of a run, so that a quick refusal is never measured for a quick answer.
// It remembers the last bytes that it found good: servers say the same thing over and over.
type verdictChecker struct {
	allow bool
	good  []byte
}

// isExpected takes the whole body of an answer: one gRPC frame with a CheckResponse.
func (c *verdictChecker) isExpected(body []byte) (bool, error) {
	if len(body) > 0 && bytes.Equal(body, c.good) {
		return true, nil
	}
	code, err := verdictCode(body)
	if err != nil || (code == 0) != c.allow {
		return false, err
	}
	c.good = append(c.good[:0], body...)
	return true, nil
}

// verdictCode reads `status.code` of a CheckResponse in its gRPC frame; a status without a code is OK, none at all is an error.
func verdictCode(body []byte) (uint64, error) {
	if len(body) < 5 || body[0] != 0 {
		return 0, fmt.Errorf("an answer is no uncompressed gRPC message: %x", body)
	}
	message := body[5:]
	length := int(body[1])<<24 | int(body[2])<<16 | int(body[3])<<8 | int(body[4])
	if length != len(message) {
		return 0, fmt.Errorf("an answer of %d bytes says that it has %d", len(message), length)
	}
	status, found, err := field(message, 1)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("an answer has no status: %x", body)
	}
	return varintField(status, 1)
}

// field finds the last occurrence of a length-delimited field of a protobuf message.
func field(message []byte, number uint64) (value []byte, found bool, err error) {
	err = eachField(message, func(tag uint64, bytes []byte, _ uint64) {
		if tag == number<<3|2 {
			value, found = bytes, true
		}
	})
	return value, found, err
}

// varintField finds the last value of a number, which is 0 where it is absent.
func varintField(message []byte, number uint64) (value uint64, err error) {
	err = eachField(message, func(tag uint64, _ []byte, varint uint64) {
		if tag == number<<3 {
			value = varint
		}
	})
	return value, err
}

func eachField(message []byte, visit func(tag uint64, bytes []byte, varint uint64)) error {
	for len(message) > 0 {
		tag, rest, ok := varint(message)
		if !ok {
			return fmt.Errorf("an answer is no protobuf")
		}
		var number uint64
		var value []byte
		size := 0
		switch tag & 7 {
		case 0, 2:
			if number, rest, ok = varint(rest); !ok {
				return fmt.Errorf("an answer is no protobuf")
			}
			if tag&7 == 2 {
				size = int(min(number, 1<<30))
			}
		case 1:
			size = 8
		case 5:
			size = 4
		default:
			return fmt.Errorf("an answer is no protobuf")
		}
		if size > len(rest) {
			return fmt.Errorf("an answer ends early")
		}
		value, message = rest[:size], rest[size:]
		visit(tag, value, number)
	}
	return nil
}

func varint(bytes []byte) (value uint64, rest []byte, ok bool) {
	for index := 0; index < len(bytes) && index < 10; index++ {
		value |= uint64(bytes[index]&0x7f) << (7 * index)
		if bytes[index] < 0x80 {
			return value, bytes[index+1:], true
		}
	}
	return 0, nil, false
}
