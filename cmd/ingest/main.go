// Command ingest reads the sources and puts mentions into a shared NATS. It takes the options of
// `barometer ingest`.
package main

import (
	"context"
	"os"

	"barometer/internal/app"
	"barometer/internal/service"
)

func main() {
	ctx, stop := service.Signals(context.Background())
	code := app.Main(ctx, app.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, append([]string{"ingest"}, os.Args[1:]...))
	stop()
	os.Exit(code)
}
