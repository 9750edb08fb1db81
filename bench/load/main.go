// Command load has the two parts of the bench that Node should not play itself:
//
//	load serve SOCKET        a grpc-go server that answers every check with the same bytes
//	load run --socket … …    asks a server and prints what it measured, as one JSON object
//
// Built once by bench/load.ts.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "serve":
			return serve(args[1:])
		case "run":
			return measure(args[1:])
		}
	}
	return fmt.Errorf("usage: load serve SOCKET | load run FLAGS")
}
