package testkit

import (
	"fmt"
	"os"
	"testing"

	"barometer/internal/embedded"
)

// Main runs the tests of a package that uses an engine:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// The test binary hosts ClickHouse itself in a child process, as the real program does, and the engines that tests
// have started are stopped at the end.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == embedded.ClickHouseHostCommand {
		if err := embedded.ServeClickHouse(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	for _, stop := range engines {
		stop()
	}
	os.Exit(code)
}

// engines are the functions that stop what was started for the whole test binary.
var engines []func()
