// Package stats holds the statistics of emergence: distributions of counts, tests of one series against its own past
// (Farrington flexible, EARS, RKI, CUSUM and likelihood-ratio charts, our shock and drift tests) and the control of
// false discoveries over many tests at once and over time.
//
// It owns formulas and nothing else: no clock, no store, no words of the product, and no import beyond the standard
// library. All functions are pure; the same input gives the same output, bit for bit.
//
// The promise it keeps: where a method is named after a published one, its numbers equal those of the reference
// implementation (the R packages surveillance and onlineFDR), and tests hold it to that.
package stats
