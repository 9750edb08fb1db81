package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// The parts of RFC 9113 that a client of unary calls needs.
const (
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	frameData         = 0
	frameHeaders      = 1
	framePriority     = 2
	frameReset        = 3
	frameSettings     = 4
	framePushPromise  = 5
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8
	frameContinuation = 9

	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20

	frameHeaderBytes = 9
	windowDefault    = 65_535

	// What we let the server send, as much as Envoy does; half of it used up is given back.
	windowOurs = 16 << 20

	// Calls are found by their stream's number modulo this; more than these can't be under way.
	callsMax = 1 << 14
)

// call is one request and what has come of its answer.
type call struct {
	stream  uint32 // 0: nothing under way here
	dueNs   int64
	headers bool // the first header block was read
	refused bool // by its status
	body    []byte
}

// connection is a client's side of one HTTP/2 connection. It sends header blocks as clients do that keep a dynamic table,
// keeps to the server's windows, and hands each whole answer to `answered`.
type connection struct {
	fd       int
	in       []byte // bytes read and not yet understood
	out      []byte // bytes not yet written
	blocked  bool   // the kernel takes no more: EPOLLOUT is awaited
	request  *request
	answered func(c *connection, dueNs int64, isExpected bool) error

	block    headerBlocks
	answers  answerHeaders
	verdicts verdictChecker

	nextStream   uint32
	calls        [callsMax]call
	underWay     int
	streamsMax   int
	streamWindow int64
	window       int64 // what the server lets us send on all streams together
	received     int64 // of our window, not given back yet
	parked       []int64
	fragment     []byte // a header block that goes on in CONTINUATION frames
	fragmentOf   uint32
	fragmentEnds bool
}

func newConnection(fd int, request *request, answered func(*connection, int64, bool) error) *connection {
	c := &connection{
		fd: fd, request: request, answered: answered, nextStream: 1,
		streamsMax: callsMax - 1, streamWindow: windowDefault, window: windowDefault,
		verdicts: verdictChecker{allow: request.allow},
	}
	c.block = newHeaderBlocks(request.headers)
	c.answers = newAnswerHeaders(request)
	c.out = append(c.out, preface...)
	c.out = appendFrame(c.out, 18, frameSettings, 0, 0)
	c.out = appendSetting(c.out, 2, 0) // no pushes
	c.out = appendSetting(c.out, 3, 1024)
	c.out = appendSetting(c.out, 4, windowOurs)
	c.out = appendFrame(c.out, 4, frameWindowUpdate, 0, 0)
	c.out = binary.BigEndian.AppendUint32(c.out, windowOurs-windowDefault)
	return c
}

// ask sends a request that was due at a time, or parks it until the server's limits allow it.
func (c *connection) ask(dueNs int64) {
	if len(c.parked) > 0 || !c.maySend() {
		c.parked = append(c.parked, dueNs)
		return
	}
	c.send(dueNs)
}

// A body goes out whole: a window of less than one is waited for, as it grows again when the server has read half.
func (c *connection) maySend() bool {
	size := int64(len(c.request.body))
	return c.underWay < c.streamsMax && c.window >= size && c.streamWindow >= size &&
		c.calls[slotOf(c.nextStream)].stream == 0
}

func (c *connection) send(dueNs int64) {
	stream := c.nextStream
	c.nextStream += 2
	c.underWay++
	slot := &c.calls[slotOf(stream)]
	*slot = call{stream: stream, dueNs: dueNs, body: slot.body[:0]}
	block := c.block.next()
	flags := byte(flagEndHeaders)
	if len(c.request.body) == 0 {
		flags |= flagEndStream
	}
	c.out = appendFrame(c.out, len(block), frameHeaders, flags, stream)
	c.out = append(c.out, block...)
	if len(c.request.body) > 0 {
		c.out = appendFrame(c.out, len(c.request.body), frameData, flagEndStream, stream)
		c.out = append(c.out, c.request.body...)
		c.window -= int64(len(c.request.body))
	}
}

func (c *connection) sendParked() {
	sent := 0
	for sent < len(c.parked) && c.maySend() {
		c.send(c.parked[sent])
		sent++
	}
	c.parked = c.parked[:copy(c.parked, c.parked[sent:])]
}

// flush writes what the kernel takes and says whether some is left.
func (c *connection) flush() error {
	for len(c.out) > 0 {
		written, err := unix.Write(c.fd, c.out)
		if err == unix.EAGAIN {
			c.blocked = true
			return nil
		}
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		c.out = c.out[:copy(c.out, c.out[written:])]
	}
	c.blocked = false
	return nil
}

// read takes all that has arrived.
func (c *connection) read(buffer []byte) error {
	for {
		count, err := unix.Read(c.fd, buffer)
		if err == unix.EAGAIN {
			return nil
		}
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if count == 0 {
			return fmt.Errorf("the server closed a connection")
		}
		if err := c.take(buffer[:count]); err != nil {
			return err
		}
		if count < len(buffer) {
			return nil
		}
	}
}

// take handles the whole frames among the bytes and keeps the rest.
func (c *connection) take(bytes []byte) error {
	if len(c.in) > 0 {
		c.in = append(c.in, bytes...)
		bytes = c.in
	}
	for len(bytes) >= frameHeaderBytes {
		length := int(bytes[0])<<16 | int(bytes[1])<<8 | int(bytes[2])
		if length > 16_384 {
			return fmt.Errorf("the server sent a frame of %d bytes", length)
		}
		if len(bytes) < frameHeaderBytes+length {
			break
		}
		stream := binary.BigEndian.Uint32(bytes[5:]) & 0x7fff_ffff
		payload := bytes[frameHeaderBytes : frameHeaderBytes+length]
		if err := c.frame(bytes[3], bytes[4], stream, payload); err != nil {
			return err
		}
		bytes = bytes[frameHeaderBytes+length:]
	}
	c.in = append(c.in[:0], bytes...)
	return nil
}

func (c *connection) frame(kind, flags byte, stream uint32, payload []byte) error {
	if c.fragmentOf != 0 && (kind != frameContinuation || stream != c.fragmentOf) {
		return fmt.Errorf("the server broke off a header block")
	}
	switch kind {
	case frameHeaders:
		payload, err := unpad(flags, payload)
		if err != nil {
			return err
		}
		if flags&flagPriority != 0 && len(payload) >= 5 {
			payload = payload[5:]
		}
		return c.headers(stream, payload, flags&flagEndHeaders != 0, flags&flagEndStream != 0)
	case frameContinuation:
		return c.headers(stream, payload, flags&flagEndHeaders != 0, c.fragmentEnds)
	case frameData:
		return c.data(stream, flags, payload)
	case frameSettings:
		return c.settings(flags, payload)
	case framePing:
		if flags&flagAck == 0 {
			c.out = appendFrame(c.out, len(payload), framePing, flagAck, 0)
			c.out = append(c.out, payload...)
		}
	case frameWindowUpdate:
		if len(payload) != 4 {
			return fmt.Errorf("the server sent a window update of %d bytes", len(payload))
		}
		added := int64(binary.BigEndian.Uint32(payload) & 0x7fff_ffff)
		if stream == 0 {
			c.window += added
			c.sendParked()
		} // of a stream: its body has gone out whole
	case frameReset:
		return fmt.Errorf("the server reset a call: %x", payload)
	case frameGoAway:
		return fmt.Errorf("the server said GOAWAY: %x", payload)
	case framePushPromise:
		return fmt.Errorf("the server pushed")
	}
	return nil // PRIORITY and kinds that we don't know say nothing to us
}

func (c *connection) headers(stream uint32, part []byte, ended, endsStream bool) error {
	if !ended || c.fragmentOf != 0 {
		c.fragment = append(c.fragment, part...)
		c.fragmentOf, c.fragmentEnds = stream, endsStream
		if !ended {
			return nil
		}
		part = c.fragment
		c.fragment, c.fragmentOf = c.fragment[:0], 0
	}
	call, err := c.find(stream)
	if err != nil {
		return err
	}
	isFirst := !call.headers
	call.headers = true
	isExpected, err := c.answers.check(part, isFirst, endsStream)
	if err != nil {
		return err
	}
	call.refused = call.refused || !isExpected
	if endsStream {
		return c.finish(call)
	}
	return nil
}

func (c *connection) data(stream uint32, flags byte, payload []byte) error {
	c.received += int64(len(payload))
	if c.received > windowOurs/2 {
		c.out = appendFrame(c.out, 4, frameWindowUpdate, 0, 0)
		c.out = binary.BigEndian.AppendUint32(c.out, uint32(c.received))
		c.received = 0
	}
	payload, err := unpad(flags, payload)
	if err != nil {
		return err
	}
	call, err := c.find(stream)
	if err != nil {
		return err
	}
	if !call.headers {
		return fmt.Errorf("a body came before its headers")
	}
	call.body = append(call.body, payload...)
	if flags&flagEndStream == 0 {
		return nil
	}
	if c.request.isGrpc {
		return fmt.Errorf("an answer has no trailers")
	}
	return c.finish(call)
}

func (c *connection) finish(done *call) error {
	isExpected := !done.refused
	if c.request.isGrpc {
		var err error
		if isExpected, err = c.verdicts.isExpected(done.body); err != nil {
			return err
		}
	}
	dueNs := done.dueNs
	done.stream = 0
	c.underWay--
	if err := c.answered(c, dueNs, isExpected); err != nil {
		return err
	}
	c.sendParked()
	return nil
}

func (c *connection) find(stream uint32) (*call, error) {
	call := &c.calls[slotOf(stream)]
	if stream == 0 || call.stream != stream {
		return nil, fmt.Errorf("the server answered on stream %d, on which nothing was asked", stream)
	}
	return call, nil
}

func (c *connection) settings(flags byte, payload []byte) error {
	if flags&flagAck != 0 {
		return nil
	}
	for ; len(payload) >= 6; payload = payload[6:] {
		value := binary.BigEndian.Uint32(payload[2:])
		switch binary.BigEndian.Uint16(payload) {
		case 1:
			c.block.limitTable(value)
		case 3:
			c.streamsMax = int(min(value, callsMax-1))
		case 4:
			c.streamWindow = int64(value)
		}
	}
	c.out = appendFrame(c.out, 0, frameSettings, flagAck, 0)
	c.sendParked()
	return nil
}

func slotOf(stream uint32) int { return int(stream>>1) % callsMax }

func unpad(flags byte, payload []byte) ([]byte, error) {
	if flags&flagPadded == 0 {
		return payload, nil
	}
	if len(payload) == 0 || int(payload[0]) >= len(payload) {
		return nil, fmt.Errorf("the server padded a frame beyond its end")
	}
	return payload[1 : len(payload)-int(payload[0])], nil
}

func appendFrame(out []byte, length int, kind, flags byte, stream uint32) []byte {
	out = append(out, byte(length>>16), byte(length>>8), byte(length), kind, flags)
	return binary.BigEndian.AppendUint32(out, stream)
}

func appendSetting(out []byte, id uint16, value uint32) []byte {
	out = binary.BigEndian.AppendUint16(out, id)
	return binary.BigEndian.AppendUint32(out, value)
}
