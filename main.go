// Command podbay opens a shell on a RunPod pod: launch it, pick a pod, press
// enter.
package main

import (
	"context"
	"os"

	"podbay/cli"
)

func main() {
	os.Exit(cli.Execute(context.Background(), os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
