// Package testkit holds what tests of several packages share: engines, golden files and hostile servers.
//
// It is imported by tests only and promises them that whatever it starts is stopped with the test.
package testkit
