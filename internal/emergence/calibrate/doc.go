// Package calibrate measures the daily tests of package stats on simulated series: whether their p-values are what they
// say, how often they alarm when nothing happens, and what they find and when, beside other rules at the same rate of
// false alarms.
//
// It owns the simulation and the report, docs/detectors.md, and decides nothing: the tests take no constant from it while
// they run. The promise it keeps: the same seed and sizes write the same report, byte for byte, whatever the machine.
package calibrate
