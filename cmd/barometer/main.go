// Command barometer is the whole of Issue Barometer in one binary: all stages in one process, single stages, the hosts of
// the embedded engines, and the operator's commands. `barometer help` lists them.
package main

import (
	"context"
	"fmt"
	"os"

	"barometer/internal/app"
	"barometer/internal/embedded"
	"barometer/internal/service"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == embedded.ClickHouseHostCommand {
		// The process belongs to the library, signals included; it ends when its parent closes standard input.
		if err := embedded.ServeClickHouse(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := service.Signals(context.Background())
	code := app.Main(ctx, app.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
