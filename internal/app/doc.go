// Package app joins the stages into processes: ingest (sources, gate, stream), analyze (stream, analysis, store), api (store,
// HTTP), all of them in one, and the operator's commands.
//
// It owns the configuration as a whole, the wiring, the order of start and stop, and the command line. It owns no judgement:
// what a mention is, means or amounts to is decided in the stages, each of which can be tested without this package.
//
// The promises it keeps: a process starts completely or says why not and leaves nothing running; what was accepted is
// finished or handed back at a stop; a bad new configuration never replaces a good one.
package app
