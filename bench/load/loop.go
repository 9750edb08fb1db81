package main

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// A timer wakes a sleeping core late; the last stretch before a request is due is spent awake.
	awakeNs = 60_000
	// Nothing that is asked takes this long unless something is broken.
	stuckNs = 10_000_000_000
	// An open loop begins this long after its preparations.
	headStartNs = 2_000_000
	// A larger share of answers that are not the expected one is no measurement.
	refusedMax = 0.5
)

// loop drives all connections from one thread, with no goroutine and no allocation while it measures.
type loop struct {
	flags       flags
	pids        []string
	epoll       int
	connections []*connection
	epoch       time.Time
	buffer      []byte

	measuring bool
	closed    bool // closed loop: an answer is followed by the next request
	asked     int
	answered  int
	refused   int
	latency   histogram
	late      histogram // open loop: how long after it was due a request was handed to its connection
	nowNs     int64
}

func newLoop(f flags, request *request) (*loop, error) {
	l := &loop{flags: f, epoch: time.Now(), buffer: make([]byte, 256<<10), closed: f.rate == 0}
	if f.pids != "" {
		l.pids = strings.Split(f.pids, ",")
	}
	epoll, err := unix.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	l.epoll = epoll
	for index := range f.connections {
		fd, err := connect(f.address)
		if err != nil {
			return nil, fmt.Errorf("connecting to %s: %w", f.address, err)
		}
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(index)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return nil, err
		}
		l.connections = append(l.connections, newConnection(fd, request, l.onAnswer))
	}
	return l, nil
}

func connect(address string) (int, error) {
	family := unix.AF_UNIX
	var to unix.Sockaddr = &unix.SockaddrUnix{Name: address}
	if !strings.Contains(address, "/") {
		parsed, err := netip.ParseAddrPort(address)
		if err != nil {
			return 0, err
		}
		family, to = unix.AF_INET, &unix.SockaddrInet4{Addr: parsed.Addr().As4(), Port: int(parsed.Port())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := unix.Connect(fd, to); err != nil {
		return 0, err
	}
	if family == unix.AF_INET {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return 0, err
		}
	}
	return fd, unix.SetNonblock(fd, true)
}

func (l *loop) run() (*result, error) {
	if l.closed {
		return l.runClosed()
	}
	return l.runOpen()
}

// runClosed keeps a number of requests under way and counts the answers between two moments.
func (l *loop) runClosed() (*result, error) {
	l.tick()
	for index, c := range l.connections {
		for range l.flags.streams {
			c.ask(l.nowNs)
		}
		if err := l.flush(c, index); err != nil {
			return nil, err
		}
	}
	if err := l.turnUntil(l.nowNs + l.flags.warmUp.Nanoseconds()); err != nil {
		return nil, err
	}
	l.measuring = true
	before, err := l.usage()
	if err != nil {
		return nil, err
	}
	l.tick()
	if err := l.turnUntil(l.nowNs + l.flags.duration.Nanoseconds()); err != nil {
		return nil, err
	}
	return l.outcome(before)
}

func (l *loop) turnUntil(endNs int64) error {
	for l.nowNs < endNs {
		if err := l.turn(endNs - l.nowNs); err != nil {
			return err
		}
	}
	return nil
}

// runOpen asks at fixed moments, whether the requests before were answered or not. Latency counts from the moment a request
// was due: a server that stops answers for all the requests that were due meanwhile.
func (l *loop) runOpen() (*result, error) {
	if _, err := l.offer(l.flags.warmUp); err != nil {
		return nil, err
	}
	l.measuring = true
	before, err := l.offer(l.flags.duration)
	if err != nil {
		return nil, err
	}
	return l.outcome(before)
}

// offer asks for a time at the rate, waits for the last answer, and says what had been used when it began.
func (l *loop) offer(duration time.Duration) (usage, error) {
	before, err := l.usage()
	if err != nil {
		return usage{}, err
	}
	l.tick()
	startNs := l.nowNs + headStartNs
	gapNs := 1e9 / l.flags.rate
	total := int(float64(duration.Nanoseconds()) / gapNs)
	l.asked, l.answered = 0, 0
	for l.answered < total {
		dueNs := startNs + int64(float64(l.asked)*gapNs)
		for l.asked < total && dueNs <= l.nowNs {
			c := l.connections[l.asked%len(l.connections)]
			c.ask(dueNs)
			if l.measuring {
				l.late.record(l.nowNs - dueNs)
			}
			if err := l.flush(c, l.asked%len(l.connections)); err != nil {
				return usage{}, err
			}
			l.asked++
			dueNs = startNs + int64(float64(l.asked)*gapNs)
			l.tick()
		}
		waitNs := int64(stuckNs)
		if l.asked < total {
			waitNs = dueNs - l.nowNs - awakeNs
		}
		if l.nowNs > startNs+duration.Nanoseconds()+stuckNs {
			return usage{}, fmt.Errorf("%d of %d requests were not answered", total-l.answered, total)
		}
		if err := l.turn(max(waitNs, 0)); err != nil {
			return usage{}, err
		}
	}
	return before, nil
}

// onAnswer counts an answer with another verdict than the expected one, which servers give that are overloaded, as if it had
// never come: nothing is gained by refusing quickly.
func (l *loop) onAnswer(c *connection, dueNs int64, isExpected bool) error {
	l.answered++
	if l.measuring && isExpected {
		l.latency.record(l.nowNs - dueNs)
	} else if l.measuring {
		l.refused++
		if !l.closed {
			l.latency.record(stuckNs)
		}
	}
	if l.closed {
		c.ask(l.nowNs)
	}
	return nil
}

// turn waits for the sockets at most so long, reads what came and writes what it led to.
func (l *loop) turn(waitNs int64) error {
	var events [64]unix.EpollEvent
	count, err := wait(l.epoll, &events, waitNs)
	if err != nil {
		return err
	}
	l.tick()
	for _, event := range events[:count] {
		index := int(event.Fd)
		c := l.connections[index]
		if event.Events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			if err := c.read(l.buffer); err != nil {
				return err
			}
		}
		if err := l.flush(c, index); err != nil {
			return err
		}
	}
	return nil
}

// flush also says to the kernel whether the connection waits for it to take more.
func (l *loop) flush(c *connection, index int) error {
	wasBlocked := c.blocked
	if err := c.flush(); err != nil {
		return err
	}
	if c.blocked == wasBlocked {
		return nil
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(index)}
	if c.blocked {
		event.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, c.fd, &event)
}

func (l *loop) tick() { l.nowNs = time.Since(l.epoch).Nanoseconds() }

// wait is epoll_pwait2, whose time-out has nanoseconds.
func wait(epoll int, events *[64]unix.EpollEvent, waitNs int64) (int, error) {
	timeout := unix.NsecToTimespec(waitNs)
	trap := unix.Syscall6
	if waitNs == 0 {
		trap = unix.RawSyscall6
	}
	count, _, errno := trap(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return int(count), nil
}

// usage is what processes had used at a moment.
type usage struct {
	atNs  int64
	cpuNs map[string]int64
}

func (l *loop) usage() (usage, error) {
	used := usage{cpuNs: map[string]int64{}}
	for _, pid := range append([]string{strconv.Itoa(os.Getpid())}, l.pids...) {
		ns, err := cpuNs(pid)
		if err != nil {
			return usage{}, err
		}
		used.cpuNs[pid] = ns
	}
	l.tick()
	used.atNs = l.nowNs
	return used, nil
}

func (l *loop) outcome(before usage) (*result, error) {
	after, err := l.usage()
	if err != nil {
		return nil, err
	}
	answers := int(l.latency.count)
	if answers == 0 && l.refused == 0 {
		return nil, fmt.Errorf("nothing was answered")
	}
	if float64(l.refused) > refusedMax*float64(l.refused+answers) {
		return nil, fmt.Errorf("%d of %d answers were not the expected verdict", l.refused, l.refused+answers)
	}
	seconds := float64(after.atNs-before.atNs) / 1e9
	own := strconv.Itoa(os.Getpid())
	outcome := &result{
		Answers: answers, Refused: l.refused, Seconds: seconds, PerSecond: float64(answers) / seconds,
		MeanUs: l.latency.mean() / 1e3, P50Us: us(l.latency.quantile(0.5)), P99Us: us(l.latency.quantile(0.99)),
		P999Us: us(l.latency.quantile(0.999)), MaxUs: us(l.latency.max),
		LateP99Us: us(l.late.quantile(0.99)), LateMaxUs: us(l.late.max),
		CpuUs:       map[string]float64{},
		OwnCpuShare: float64(after.cpuNs[own]-before.cpuNs[own]) / 1e9 / seconds,
	}
	for _, pid := range l.pids {
		outcome.CpuUs[pid] = float64(after.cpuNs[pid]-before.cpuNs[pid]) / 1e3 / float64(answers)
	}
	return outcome, nil
}

func us(ns int64) float64 { return float64(ns) / 1e3 }
