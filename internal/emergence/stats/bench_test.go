package stats

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkDaily isolates both tests of one day on one series: fit, dispersion, tails of eight sums.
func BenchmarkDaily(b *testing.B) {
	for _, c := range []struct {
		name string
		mean int
	}{{"2", 2}, {"20", 20}, {"200", 200}} {
		b.Run(c.name+"-a-day", func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			s := Series{Counts: make([]float64, 64)}
			for i := range s.Counts {
				s.Counts[i] = float64(r.IntN(c.mean) + r.IntN(c.mean+1) + r.IntN(2)*r.IntN(c.mean))
			}
			b.ReportAllocs()
			for b.Loop() {
				Daily(s, 63, ShockOptions{})
			}
		})
	}
}
