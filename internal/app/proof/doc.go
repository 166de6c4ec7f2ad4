// Package proof holds the product to its promises as a whole: real processes on real engines, killed at random, imported
// into twice, reloaded, stopped and started again, and measured. It has tests alone; every one of them drives the command
// line and the API from outside, as an operator would, and compares what comes out with what a generator put in.
//
// The test binary is the program: called with the environment variable of runAsProgram it behaves as cmd/barometer does,
// so the processes under test are always built from the code under test.
//
// The promises it checks: nothing is lost, nothing is counted twice, what was deleted stays deleted, identifiers are
// nowhere, silence is shown, and a stop is quick and a start goes on where the last one ended.
package proof
