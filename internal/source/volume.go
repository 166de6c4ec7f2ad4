package source

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// volume is what a source is expected to deliver, learned from itself: a decayed mean for each hour of the week, and
// how much its days vary. Only hours in which the source could be heard count, so an outage does not teach silence.
//
// The test for silence: with n posts heard over a stretch that would ordinarily bring e, and days whose variance is f
// times their mean (f >= 1), silence of that stretch has a probability of about exp(-e/f). Below one in a thousand the
// source is silent. The stretch is the time since the last post, or, for a source that has all but stopped, the last
// seven days against a quarter of the expected.
type volume struct {
	Version int          `json:"v"`
	Hours   [168]float64 `json:"hours"` // decayed posts by hour of the week (UTC, from Sunday 00:00)
	Heard   [168]float64 `json:"heard"` // decayed hours heard, likewise
	Days    []dayVolume  `json:"days"`  // the last days, oldest first; the last one is not over
	Last    time.Time    `json:"last"`  // when the last post came
	Until   time.Time    `json:"until"` // heard until
	Since   time.Time    `json:"since"` // first heard
}

type dayVolume struct {
	Day   int64   `json:"d"` // days since 1970
	Posts float64 `json:"n"`
	Heard float64 `json:"h"` // hours
}

const (
	volumeVersion = 1
	keptDays      = 35
	learnFor      = 7 * 24 * time.Hour // no judgement before
	hourDecay     = 0.9                // a week: half of the memory is 6.6 weeks old
	maxStretch    = 6 * time.Hour      // two polls further apart than this leave an unheard gap
	silentOdds    = 6.9                // -ln(0.001)
)

func loadVolume(b []byte) (*volume, error) {
	v := &volume{Version: volumeVersion}
	if len(b) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("volume: %w: %w", ErrCursor, err)
	}
	if v.Version != volumeVersion || len(v.Days) > keptDays {
		return nil, fmt.Errorf("volume: %w: version %d, %d days", ErrCursor, v.Version, len(v.Days))
	}
	return v, nil
}

func (v *volume) encode() ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("volume: encode: %w", err)
	}
	return b, nil
}

// heard notes that the source could be read at now and had brought n posts since the last time. every is the time
// between two polls, up to which a gap counts as heard.
func (v *volume) heard(now time.Time, n int, every time.Duration) {
	now = now.UTC()
	if v.Since.IsZero() {
		v.Since, v.Until = now, now
		if n > 0 {
			v.Last = now
		}
		return // the first read brings what the source had in store; it says nothing about a rate
	}
	from := v.Until
	if now.Sub(from) > max(maxStretch, 2*every) {
		from = now // we were away
	}
	for t := from; t.Before(now); {
		end := min(now.Sub(t), t.Truncate(time.Hour).Add(time.Hour).Sub(t))
		h := end.Hours()
		slot := hourOfWeek(t)
		keep := math.Pow(hourDecay, h)
		v.Hours[slot] *= keep
		v.Heard[slot] = v.Heard[slot]*keep + h
		v.day(t).Heard += h
		t = t.Add(end)
	}
	if n > 0 {
		v.Hours[hourOfWeek(now)] += float64(n)
		v.day(now).Posts += float64(n)
		v.Last = now
	}
	v.Until = now
}

func (v *volume) day(t time.Time) *dayVolume {
	d := t.Unix() / 86400
	if len(v.Days) == 0 || v.Days[len(v.Days)-1].Day < d {
		if len(v.Days) == keptDays {
			v.Days = append(v.Days[:0], v.Days[1:]...)
		}
		v.Days = append(v.Days, dayVolume{Day: d})
	}
	return &v.Days[len(v.Days)-1]
}

func hourOfWeek(t time.Time) int { return int(t.Weekday())*24 + t.Hour() }

// perHour is the mean over all hours heard.
func (v *volume) perHour() float64 {
	var n, h float64
	for i := range v.Hours {
		n += v.Hours[i]
		h += v.Heard[i]
	}
	if h == 0 {
		return 0
	}
	return n / h
}

// ready says that there has been enough listening to judge.
func (v *volume) ready() bool { return !v.Since.IsZero() && v.Until.Sub(v.Since) >= learnFor }

// perDay is the number of posts expected in a day, or 0 while that is not known.
func (v *volume) perDay() float32 {
	if !v.ready() {
		return 0
	}
	return float32(24 * v.perHour())
}

// expect is the number of posts expected in [from, to), following the rhythm of the week.
func (v *volume) expect(from, to time.Time) float64 {
	mean := v.perHour()
	if to.Sub(from) > 8*7*24*time.Hour { // eight weeks or more: the rhythm averages out
		return mean * to.Sub(from).Hours()
	}
	const prior = 2 // hours of the overall mean that each hour of the week starts with
	var e float64
	for t := from; t.Before(to); {
		end := min(to.Sub(t), t.Truncate(time.Hour).Add(time.Hour).Sub(t))
		i := hourOfWeek(t.UTC())
		e += (v.Hours[i] + prior*mean) / (v.Heard[i] + prior) * end.Hours()
		t = t.Add(end)
	}
	return e
}

// dispersion is the variance of whole days over their mean, at least 1.
func (v *volume) dispersion() float64 {
	var n, sum, squares float64
	for i, d := range v.Days {
		if i == len(v.Days)-1 || d.Heard < 12 {
			continue
		}
		x := d.Posts * 24 / d.Heard
		n, sum, squares = n+1, sum+x, squares+x*x
	}
	if n < 3 || sum == 0 {
		return 1
	}
	mean := sum / n
	return max(1, (squares-n*mean*mean)/(n-1)/mean)
}

// silent says in words why the source counts as silent, or "".
func (v *volume) silent(now time.Time) string {
	if !v.ready() {
		return ""
	}
	f := v.dispersion()
	since := v.Last
	if since.IsZero() {
		since = v.Since
	}
	if e := v.expect(since, now); e > silentOdds*f {
		return fmt.Sprintf("no posts for %s, where about %.0f are usual", roughly(now.Sub(since)), e)
	}
	week := now.Add(-7 * 24 * time.Hour)
	if week.Before(v.Since.Add(learnFor)) {
		return ""
	}
	var n float64
	for _, d := range v.Days {
		if d.Day > week.Unix()/86400 {
			n += d.Posts
		}
	}
	if e := v.expect(week, now); n < e/4 && (e-n)/math.Sqrt(e*f) > 4 {
		return fmt.Sprintf("%.0f posts in 7 days, where about %.0f are usual", n, e)
	}
	return ""
}

func roughly(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	}
	return fmt.Sprintf("%.0f hours", d.Hours())
}
