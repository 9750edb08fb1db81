// Command control-plane is a Kubernetes API server and the etcd beneath it, in one binary: what the integration tests
// of the Kubernetes datastore talk to. The first argument says which of the two to be.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fail()
	}
	switch role := os.Args[1]; role {
	case "etcd":
		etcdmain.Main(os.Args[1:])
	case "kube-apiserver":
		os.Args = append([]string{role}, os.Args[2:]...)
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	default:
		fail()
	}
}

func fail() {
	fmt.Fprintln(os.Stderr, "usage: control-plane etcd|kube-apiserver FLAG...")
	os.Exit(2)
}
