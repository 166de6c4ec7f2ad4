package proof

import (
	"context"
	"os"
	"testing"

	"barometer/internal/app"
	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/testkit"
)

// runAsProgram makes a process of the test binary behave as cmd/barometer.
const runAsProgram = "BAROMETER_PROOF_PROGRAM"

func TestMain(m *testing.M) {
	hostsEngine := len(os.Args) > 1 && os.Args[1] == embedded.ClickHouseHostCommand // in the environment of its parent
	if os.Getenv(runAsProgram) != "" && !hostsEngine {
		ctx, stop := service.Signals(context.Background())
		code := app.Main(ctx, app.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
		stop()
		os.Exit(code)
	}
	testkit.Main(m)
}
