// Command analyze analyses mentions from a shared NATS and stores them in a shared ClickHouse. It takes the options of
// `barometer analyze`.
package main

import (
	"context"
	"os"

	"barometer/internal/app"
	"barometer/internal/service"
)

func main() {
	ctx, stop := service.Signals(context.Background())
	code := app.Main(ctx, app.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, append([]string{"analyze"}, os.Args[1:]...))
	stop()
	os.Exit(code)
}
