// Command api serves the API and the dashboard from a shared ClickHouse. It takes the options of
// `barometer api`.
package main

import (
	"context"
	"os"

	"barometer/internal/app"
	"barometer/internal/service"
)

func main() {
	ctx, stop := service.Signals(context.Background())
	code := app.Main(ctx, app.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, append([]string{"api"}, os.Args[1:]...))
	stop()
	os.Exit(code)
}
