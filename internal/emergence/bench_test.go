package emergence_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence"
)

// large returns an engine with a million tracked terms and ten thousand series, at the end of a day, and the mentions of
// that day.
func large(b *testing.B) *emergence.Engine {
	e, err := emergence.New(barometer.Organisation{ID: "large", TimeZone: "UTC"}, emergence.Config{TickEvery: 24 * time.Hour, MaxTerms: 1 << 21})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	word := 0
	for d := range 41 {
		for i := range 2000 {
			o := said(fmt.Sprint(d, " ", i), start.AddDate(0, 0, d).Add(time.Duration(r.Int64N(86400))*time.Second))
			for range 13 { // new words in every post, so that the table fills
				word++
				o.Terms = append(o.Terms, barometer.Term{Key: fmt.Sprint("n", word)})
			}
			for range 12 {
				w := fmt.Sprint("w", int(5000*r.Float64()*r.Float64()))
				o.Terms = append(o.Terms, barometer.Term{Key: w, Surface: w})
			}
			o.Concerns = []string{fmt.Sprint("c", r.IntN(30))}
			o.Site = fmt.Sprintf("s%d.example", r.IntN(330))
			e.Add(o)
		}
	}
	e.Tick(start.AddDate(0, 0, 40))
	return e
}

// BenchmarkTick isolates one step at the end of a day: a million tracked terms, ten thousand series, whole-day tests.
func BenchmarkTick(b *testing.B) {
	for range b.N {
		b.StopTimer()
		e := large(b)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB")
		b.StartTimer()
		e.Tick(start.AddDate(0, 0, 41))
		b.StopTimer()
		terms, series := e.Size()
		b.ReportMetric(float64(terms), "terms")
		b.ReportMetric(float64(series), "series")
		b.StartTimer()
	}
}
