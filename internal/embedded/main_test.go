package embedded

import (
	"fmt"
	"os"
	"testing"
)

// TestMain lets the test binary be the host of ClickHouse, as the real program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ClickHouseHostCommand {
		if err := ServeClickHouse(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
