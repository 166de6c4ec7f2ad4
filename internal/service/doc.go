// Package service holds what every process needs whatever its stage: strict configuration, logs, metrics, readiness,
// named goroutines and an ordered shutdown.
//
// It owns how a process starts and stops. It does not know what the process does: stages are passed in as functions and
// configuration as the caller's own type.
//
// The promises it keeps: a misspelt setting stops the process with its line and the nearest valid name; a secret is
// never printed; no goroutine dies unnoticed; on shutdown everything stops in the reverse of the order it was started
// in, each with time to flush, and every error is reported.
package service
