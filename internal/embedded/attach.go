package embedded

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

// Address is where an engine of another process listens, and how to log in.
type Address struct {
	HostPort string
	User     string
	Password service.Secret
}

// FindNATS returns the address of the NATS that another process runs on the data directory. The error is of kind
// NotFound when none was ever started there.
func FindNATS(dir string) (Address, error) { return find(dir, "nats") }

// FindClickHouse returns the address of the ClickHouse that another process runs on the data directory. The error is
// of kind NotFound when none was ever started there.
func FindClickHouse(dir string) (Address, error) {
	a, err := find(dir, "clickhouse")
	a.User = clickHouseUser
	return a, err
}

func find(dir, engine string) (Address, error) {
	port, err := os.ReadFile(filepath.Join(dir, engine+".port"))
	if os.IsNotExist(err) {
		return Address{}, barometer.Errorf(barometer.NotFound, "no %s was ever started in %s", engine, dir)
	}
	if err != nil {
		return Address{}, fmt.Errorf("find %s: %w", engine, err)
	}
	a := Address{HostPort: net.JoinHostPort("127.0.0.1", strings.TrimSpace(string(port)))}
	password, err := readSecret(filepath.Join(dir, engine+".password"))
	if err != nil {
		return a, fmt.Errorf("find %s: %w", engine, err)
	}
	a.Password = service.NewSecret(password)
	if engine == "nats" {
		if a.User, err = readSecret(filepath.Join(dir, "nats.user")); err != nil {
			return a, fmt.Errorf("find %s: %w", engine, err)
		}
	}
	return a, nil
}
