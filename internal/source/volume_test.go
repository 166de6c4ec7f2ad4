package source

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// poisson draws a count with the given mean.
func poisson(r *rand.Rand, mean float64) int {
	n, p, limit := 0, r.Float64(), math.Exp(-mean)
	for ; p > limit; n++ {
		p *= r.Float64()
	}
	return n
}

// rhythm is the share of an ordinary hour that a source brings at t: nights and weekends are quiet.
func rhythm(t time.Time) float64 {
	f := 1.6
	if h := t.Hour(); h < 7 || h > 21 {
		f = 0.1
	}
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		f *= 0.3
	}
	return f
}

// 20 sources of each volume, half of them bursty, are followed for 120 days: hardly an hour may be called silent.
// Then they stop, and silence has to be noticed before twenty usual gaps and three days have passed.
func TestVolumeTellsSilenceFromAQuietDay(t *testing.T) {
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for _, perDay := range []float64{1, 3, 10, 100} {
		t.Run(fmt.Sprint(perDay), func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, uint64(perDay)))
			var hours, silent int
			var worst time.Duration
			for s := range 20 {
				v := &volume{Version: volumeVersion}
				now := begin
				burst := 1.0
				for range 120 * 24 {
					now = now.Add(time.Hour)
					if s%2 == 1 && now.Hour() == 0 { // days of very different size, with the same mean
						burst = r.ExpFloat64()
					}
					v.heard(now, poisson(r, perDay/24*rhythm(now)*burst), time.Hour)
					hours++
					if v.silent(now) != "" {
						silent++
					}
				}
				stopped := now
				for v.silent(now) == "" {
					now = now.Add(time.Hour)
					v.heard(now, 0, time.Hour)
					if now.Sub(stopped) > 90*24*time.Hour {
						t.Fatalf("source %d: silence is never noticed", s)
					}
				}
				worst = max(worst, now.Sub(stopped))
			}
			share := float64(silent) / float64(hours)
			t.Logf("%.0f a day: %.3f %% of hours called silent; silence noticed after at most %s", perDay, 100*share, worst)
			if share > 0.005 {
				t.Errorf("%.3f %% of ordinary hours are called silent", 100*share)
			}
			if limit := time.Duration(20/perDay*24)*time.Hour + 3*24*time.Hour; worst > limit {
				t.Errorf("silence was noticed after %s, want %s", worst, limit)
			}
		})
	}
}

func TestVolumeDoesNotLearnFromOutages(t *testing.T) {
	v := &volume{Version: volumeVersion}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	hear := func(days int) {
		for range days * 24 {
			now = now.Add(time.Hour)
			v.heard(now, 2, time.Hour)
		}
	}
	hear(15)
	before := v.perDay()
	now = now.Add(10 * 24 * time.Hour) // nobody listened
	hear(1)
	if after := v.perDay(); math.Abs(float64(after-before)) > 0.5 || math.Abs(float64(before)-48) > 0.5 {
		t.Errorf("expected %.1f a day before, %.1f after", before, after)
	}
	if why := v.silent(now); why != "" {
		t.Errorf("silent: %s", why)
	}
}

func TestVolumeJudgesNothingInItsFirstWeek(t *testing.T) {
	v := &volume{Version: volumeVersion}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range 7*24 - 1 {
		now = now.Add(time.Hour)
		v.heard(now, map[bool]int{true: 5}[i < 48], time.Hour)
		if v.perDay() != 0 || v.silent(now) != "" {
			t.Fatalf("judged after %d hours", i)
		}
	}
}

func TestHistoryOfTheFirstReadTeachesTheVolume(t *testing.T) {
	now := time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)
	dates := func(days, perDay int, until time.Time) (out []time.Time) {
		for d := range days {
			for i := range perDay {
				out = append(out, until.AddDate(0, 0, -d).Add(-time.Duration(i)*2*time.Hour))
			}
		}
		return out
	}
	for _, c := range []struct {
		name   string
		dates  []time.Time
		learnt bool
		silent bool
	}{
		{"a lively feed", dates(30, 6, now.Add(-time.Hour)), true, false},
		{"a feed that fell silent a week ago", dates(30, 6, now.AddDate(0, 0, -7)), true, true},
		{"too few items", dates(6, 3, now.Add(-time.Hour)), false, false},
		{"items of two days", dates(2, 12, now.Add(-time.Hour)), false, false},
		{"old items kept on show", append(dates(2, 6, now.Add(-time.Hour)), dates(40, 1, now.AddDate(-1, 0, 0))...), false, false},
	} {
		v := &volume{Version: volumeVersion}
		if got := v.history(c.dates, now); got != c.learnt {
			t.Errorf("%s: learnt %v", c.name, got)
			continue
		}
		if why := v.silent(now); (why != "") != c.silent {
			t.Errorf("%s: %q", c.name, why)
		}
		if c.learnt && (v.perDay() < 5.5 || v.perDay() > 6.5) {
			t.Errorf("%s: %.1f a day, want 6", c.name, v.perDay())
		}
	}
	v := &volume{Version: volumeVersion}
	v.heard(now, 0, time.Hour)
	if v.history(dates(30, 6, now.Add(-time.Hour)), now) {
		t.Error("a source that was heard before took history")
	}
}
