package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http2/hpack"
	"golang.org/x/sys/unix"
)

// request is what is asked over and over.
type request struct {
	isGrpc  bool
	allow   bool
	headers []hpack.HeaderField
	body    []byte
}

type flags struct {
	address     string
	connections int
	streams     int
	rate        float64
	warmUp      time.Duration
	duration    time.Duration
	pids        string
	get         string
	headers     string
	check       string
	expect      string
}

// What a run prints.
type result struct {
	Answers     int                `json:"answers"`
	Refused     int                `json:"refused"`
	Seconds     float64            `json:"seconds"`
	PerSecond   float64            `json:"perSecond"`
	MeanUs      float64            `json:"meanUs"`
	P50Us       float64            `json:"p50Us"`
	P99Us       float64            `json:"p99Us"`
	P999Us      float64            `json:"p999Us"`
	MaxUs       float64            `json:"maxUs"`
	LateP99Us   float64            `json:"lateP99Us"`
	LateMaxUs   float64            `json:"lateMaxUs"`
	CpuUs       map[string]float64 `json:"cpuUs"`
	OwnCpuShare float64            `json:"ownCpuShare"`
}

func measure(args []string) error {
	var f flags
	set := flag.NewFlagSet("load run", flag.ContinueOnError)
	set.StringVar(&f.address, "address", "", "a Unix socket's path, or IPv4:PORT")
	set.IntVar(&f.connections, "connections", 1, "connections")
	set.IntVar(&f.streams, "streams", 1, "closed loop: requests under way on each connection, each followed by the next")
	set.Float64Var(&f.rate, "rate", 0, "open loop: requests a second, whatever becomes of those before")
	set.DurationVar(&f.warmUp, "warm-up", 200*time.Millisecond, "time before measuring")
	set.DurationVar(&f.duration, "duration", time.Second, "time of measuring")
	set.StringVar(&f.pids, "pids", "", "processes whose CPU time a request is told: 12,13")
	set.StringVar(&f.check, "check", "", "file with a CheckRequest's bytes, or them in base64 after `base64:`")
	set.StringVar(&f.expect, "expect", "allow", "what each check has to be answered with: allow or deny")
	set.StringVar(&f.get, "get", "", "instead of a check: an HTTP request for this path, to be answered with 200")
	set.StringVar(&f.headers, "headers", "{}", "more headers of that request, as a JSON object")
	if err := set.Parse(args); err != nil {
		return err
	}
	request, err := f.request()
	if err != nil {
		return err
	}
	// Nothing is allocated while a run goes on; a collection would only add its pauses to the server's.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	runtime.LockOSThread()
	// Where allowed: what else runs on this core waits for us, not we for it.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	measured, err := newLoop(f, request)
	if err != nil {
		return err
	}
	outcome, err := measured.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcome)
}

func (f *flags) request() (*request, error) {
	if f.address == "" || f.connections < 1 || f.streams < 1 || f.rate < 0 || f.duration <= 0 {
		return nil, fmt.Errorf("--address is missing, or a number is not above zero")
	}
	if f.expect != "allow" && f.expect != "deny" {
		return nil, fmt.Errorf("--expect is allow or deny")
	}
	if f.get != "" {
		return f.httpRequest()
	}
	message, err := readCheck(f.check)
	if err != nil {
		return nil, err
	}
	// As Envoy 1.40 sends them for `deploy/envoy/http-filter.yaml`, in its order; but for the time-out, which is there 200 ms: an
	// answer that a busy machine delays is to be measured.
	return &request{isGrpc: true, allow: f.expect == "allow", body: grpcFrame(message), headers: []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":path", Value: "/envoy.service.auth.v3.Authorization/Check"},
		{Name: ":authority", Value: "ephor"},
		{Name: ":scheme", Value: "http"},
		{Name: "te", Value: "trailers"},
		{Name: "grpc-timeout", Value: "10S"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "x-envoy-internal", Value: "true"},
		{Name: "x-forwarded-for", Value: "192.0.2.2"},
		{Name: "x-envoy-expected-rq-timeout-ms", Value: "200"},
	}}, nil
}

func (f *flags) httpRequest() (*request, error) {
	var more map[string]string
	if err := json.Unmarshal([]byte(f.headers), &more); err != nil {
		return nil, fmt.Errorf("--headers: %w", err)
	}
	headers := []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: "api.shop.example"},
		{Name: ":path", Value: f.get},
	}
	for name, value := range more {
		headers = append(headers, hpack.HeaderField{Name: strings.ToLower(name), Value: value})
	}
	return &request{headers: headers}, nil
}

func readCheck(check string) ([]byte, error) {
	if encoded, ok := strings.CutPrefix(check, "base64:"); ok {
		return base64.StdEncoding.DecodeString(encoded)
	}
	return os.ReadFile(check)
}

func grpcFrame(message []byte) []byte {
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(frame, message...)
}

// cpuNs is the CPU time of all threads of a process, to the nanosecond; /proc/PID/stat counts in steps of 10 ms.
func cpuNs(pid string) (int64, error) {
	tasks := "/proc/" + pid + "/task"
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, thread := range threads {
		text, err := os.ReadFile(tasks + "/" + thread.Name() + "/schedstat")
		if err != nil {
			continue // ended since
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += ns
	}
	return sum, nil
}
