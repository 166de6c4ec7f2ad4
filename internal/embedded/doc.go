// Package embedded runs the two engines on one machine: NATS with JetStream inside the process, and ClickHouse hosted in
// a child process of the same binary. With external engines in the configuration nothing of it starts.
//
// It owns the data directory: its lock, the random passwords and ports in it, and the life of the engines. It does not
// know what is stored in them: streams belong to package stream, tables to package store.
//
// The promise it keeps: the engines listen on loopback alone, behind passwords that only this user can read, what they
// acknowledge is on disk, and two processes never share a data directory.
package embedded
