package embedded

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"text/template"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

// hostQueries is what the hosting session runs, all in all: the table of its standard input, the two statements of
// serverArguments. It is the quota of the user that it must run as.
const hostQueries = 3

// serverConfig is for a small machine: everything that a server sizes by the machine is bounded.
//
// The hosting session logs in as the user `default` without a password, and that name cannot be changed. So `default`
// may do three things (start to listen, make a temporary table, read its standard input through it), and its quota
// counts its queries: the session that hosts has used it up before a client gets through. Grants alone would not do: a
// temporary table over a file can read any file of this user.
var serverConfig = template.Must(template.New("clickhouse.xml").Parse(`<clickhouse>
  <users_config>{{.Path}}</users_config>
  <max_server_memory_usage>{{.MaxMemory}}</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>50</max_concurrent_queries>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <profiles>
    <default/>
    <barometer>
      <max_threads>2</max_threads>
      <max_memory_usage>{{.QueryMemory}}</max_memory_usage>
    </barometer>
  </profiles>
  <quotas>
    <host>
      <interval><duration>2147483647</duration><queries>{{.HostQueries}}</queries></interval>
    </host>
    <unlimited/>
  </quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>host</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT CREATE ARBITRARY TEMPORARY TABLE ON *.*</query>
        <query>GRANT TABLE ENGINE ON File</query>
      </grants>
    </default>
    <{{.User}}>
      <password_sha256_hex>{{.PasswordHash}}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>barometer</profile>
      <quota>unlimited</quota>
      <grants>
        <query>GRANT ALL ON barometer*.*</query>
        <query>GRANT TABLE ENGINE ON Atomic</query>
        <query>GRANT TABLE ENGINE ON MergeTree</query>
        <query>GRANT TABLE ENGINE ON ReplacingMergeTree</query>
        <query>GRANT TABLE ENGINE ON AggregatingMergeTree</query>
        <query>GRANT CREATE TEMPORARY TABLE ON *.*</query>
        <query>GRANT SELECT ON system.parts</query>
        <query>GRANT SELECT ON system.parts_columns</query>
        <query>GRANT SELECT ON system.data_skipping_indices</query>
        <query>GRANT SELECT ON system.mutations</query>
        <query>GRANT SELECT ON system.quotas_usage</query>
        <query>GRANT SHOW QUOTAS ON *.*</query>
      </grants>
    </{{.User}}>
  </users>
</clickhouse>
`))

func writeServerConfig(path, password string, maxMemory int64) error {
	var quoted, out bytes.Buffer
	if err := xml.EscapeText(&quoted, []byte(path)); err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	err := serverConfig.Execute(&out, struct {
		Path, User, PasswordHash string
		MaxMemory, QueryMemory   int64
		HostQueries              int
	}{
		Path: quoted.String(), User: clickHouseUser, PasswordHash: fmt.Sprintf("%x", sha256.Sum256([]byte(password))),
		MaxMemory: maxMemory, QueryMemory: maxMemory / 2, HostQueries: hostQueries,
	})
	if err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	if err := writePrivate(path, out.Bytes()); err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	return nil
}

// serverArguments makes a server of clickhouse-local: it listens, then reads standard input until that is closed.
func serverArguments(config, data string, port int) []string {
	return []string{
		"--config-file=" + config,
		"--path=" + data,
		"--listen_host=127.0.0.1",
		"--tcp_port=" + strconv.Itoa(port),
		"--structure=a String",
		"--input-format=LineAsString",
		"--query=SYSTEM START LISTEN TCP; SELECT count() FROM table",
	}
}

// await returns when the server answers its user and refuses a client without a password.
func (c *ClickHouse) await(ctx context.Context, ended <-chan error) error {
	for {
		err := c.ping(ctx)
		if err == nil {
			return c.assertClosed(ctx)
		}
		select {
		case end := <-ended:
			return barometer.Errorf(barometer.Unavailable, "the server did not start: %w", end)
		case <-ctx.Done():
			return barometer.Errorf(barometer.Unavailable, "the server does not answer: %w", errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ping asks as its user whether the hosting session has run its last query. Clients get through a little earlier, and
// until then a stranger's query could be one of those that the quota allows.
func (c *ClickHouse) ping(ctx context.Context) error {
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{c.addr}, Auth: clickhouse.Auth{Username: clickHouseUser, Password: c.password}, DialTimeout: time.Second,
	})
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	var ran uint64
	if err := conn.QueryRow(ctx, "SELECT ifNull(max(queries), 0) FROM system.quotas_usage WHERE quota_name = 'host'").Scan(&ran); err != nil {
		return err
	}
	if ran < hostQueries {
		return fmt.Errorf("the hosting session has run %d of its %d queries", ran, hostQueries)
	}
	return nil
}

// assertClosed tries what a stranger on this machine could try. A mistake in the server's configuration opens the
// server rather than failing, so a success stops the start.
func (c *ClickHouse) assertClosed(ctx context.Context) error {
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{c.addr}, DialTimeout: time.Second})
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	for _, query := range []string{
		"CREATE TEMPORARY TABLE probe (a String) ENGINE = File(LineAsString, 'probe')",
		"SELECT name FROM system.tables LIMIT 1",
		"SYSTEM STOP LISTEN TCP",
	} {
		err := conn.Exec(ctx, query)
		if err == nil {
			return barometer.Errorf(barometer.Refused, "the server lets strangers in: %q went through without a password", query)
		}
		if _, refused := errors.AsType[*clickhouse.Exception](err); !refused {
			return fmt.Errorf("check that strangers are refused: %w", err)
		}
	}
	return nil
}
