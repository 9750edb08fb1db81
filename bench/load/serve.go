package main

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// An allowing CheckResponse: `status { code: 0 }`.
var allowing = []byte{0x0a, 0x00}

// serve is what a grpc-go server costs that looks at nothing: its own defaults, and bytes in place of generated messages.
func serve(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: load serve SOCKET")
	}
	listener, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(bytesCodec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "envoy.service.auth.v3.Authorization",
		Methods:     []grpc.MethodDesc{{MethodName: "Check", Handler: check}},
	}, nil)
	return server.Serve(listener)
}

func check(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	return allowing, decode(nil)
}

// bytesCodec takes answers as they are, and of requests nothing.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "bytes" }

func (bytesCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (bytesCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
