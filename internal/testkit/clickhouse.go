package testkit

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/embedded"
)

// Database is an empty database of the test binary's ClickHouse. It is for one test.
type Database struct {
	Addr, User, Password, Name string
	Server                     *embedded.ClickHouse // shared with all tests of the binary
}

var (
	databases atomic.Uint64
	server    = sync.OnceValues(func() (*embedded.ClickHouse, error) {
		dir, err := os.MkdirTemp("", "barometer-clickhouse-*")
		if err != nil {
			return nil, err
		}
		c, err := embedded.StartClickHouse(context.Background(), embedded.ClickHouseConfig{DataDir: dir})
		engines = append(engines, func() {
			if c != nil {
				_ = c.Close() // the directory goes anyway
			}
			_ = os.RemoveAll(dir) // a temporary directory
		})
		return c, err
	})
)

// ClickHouse returns a database of its own for the test, dropped at its end. The first call starts the server, which
// needs Main in the package's TestMain.
func ClickHouse(tb testing.TB) Database {
	tb.Helper()
	c, err := server()
	if err != nil {
		tb.Fatalf("start clickhouse: %v", err)
	}
	db := Database{
		Addr: c.Addr(), User: c.User(), Password: c.Password(),
		Name: fmt.Sprintf("barometer_test_%d", databases.Add(1)), Server: c,
	}
	conn := db.Dial(tb, "")
	if err := conn.Exec(tb.Context(), "CREATE DATABASE "+db.Name+" ENGINE = Atomic"); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		if err := conn.Exec(context.Background(), "DROP DATABASE "+db.Name+" SYNC"); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	return db
}

// Dial opens a connection with the named database as default, or none; it is closed at the end of the test.
func (d Database) Dial(tb testing.TB, database string) driver.Conn {
	tb.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{d.Addr}, Auth: clickhouse.Auth{Username: d.User, Password: d.Password, Database: database},
	})
	if err != nil {
		tb.Fatalf("dial clickhouse: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}
