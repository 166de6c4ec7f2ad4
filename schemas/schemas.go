// Package schemas holds everything that outlives a process: the tables of the store and the formats of files and
// events. It owns the files and embeds them; what they mean is the business of the packages that read and write them.
//
// The promise it keeps: whatever was written under one of these schemas can be read by every later version.
package schemas

import "embed"

// ClickHouse holds the store's migrations in the order of their names, one statement a file, each safe to run twice.
//
//go:embed clickhouse/*.sql
var ClickHouse embed.FS
