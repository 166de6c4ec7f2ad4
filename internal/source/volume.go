package source

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// volume is what a source is expected to deliver, learned from itself: a decayed mean for each hour of the week, and
// how much its days vary. Only hours in which the source could be heard count, so an outage does not teach silence; and
// hours count once a post has ended them, so silence does not teach silence either.
//
// The test for silence: the hours heard since the last post would ordinarily have brought e posts. With days whose
// variance is f times their mean, counts are negative binomial and none at all has the probability f^(-e/(f-1)), which
// is e^-e for f = 1. Below one in a thousand the source is silent. A source that has all but stopped is found by the
// last seven days, against a quarter of what is usual.
type volume struct {
	Version int          `json:"v"`
	Hours   [168]float64 `json:"hours"`             // decayed posts by hour of the week (UTC, from Sunday 00:00)
	Heard   [168]float64 `json:"heard"`             // decayed hours heard, likewise
	Days    []dayVolume  `json:"days"`              // the last days, oldest first; the last one is not over
	Pending []span       `json:"pending,omitempty"` // heard since the last post, oldest first
	Until   time.Time    `json:"until"`             // heard until
	Since   time.Time    `json:"since"`             // first heard
}

type span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
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
	maxPending    = 64
)

func loadVolume(b []byte) (*volume, error) {
	v := &volume{Version: volumeVersion}
	if len(b) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("volume: %w: %w", ErrCursor, err)
	}
	if v.Version != volumeVersion || len(v.Days) > keptDays || len(v.Pending) > maxPending {
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
		return // the first read brings what the source had in store; it says nothing about a rate
	}
	if gap := now.Sub(v.Until); gap > 0 && gap <= max(maxStretch, 2*every) { // otherwise we were away
		if n := len(v.Pending); n > 0 && v.Pending[n-1].To.Equal(v.Until) {
			v.Pending[n-1].To = now
		} else {
			if n == maxPending {
				v.Pending = append(v.Pending[:0], v.Pending[1:]...)
			}
			v.Pending = append(v.Pending, span{v.Until, now})
		}
	}
	v.Until = now
	if n == 0 {
		return
	}
	for _, p := range v.Pending {
		v.learn(p)
	}
	v.Pending = v.Pending[:0]
	at := now.Add(-1) // the posts belong to the hour that ends now
	v.Hours[hourOfWeek(at)] += float64(n)
	v.day(at).Posts += float64(n)
}

// The history that a first read brings along counts when it is long and dense enough to be a history, and not a few old
// items that the source keeps on show.
const (
	mostHistory  = 5000
	leastHistory = 20
	historyGap   = 14 * 24 * time.Hour // what is older than a gap like this is kept on show
)

// history learns from the dates of what the first read brought, as though the source had been heard since the oldest of
// them, and reports whether it could. A source that is silent already at the first read is thereby noticed.
func (v *volume) history(dates []time.Time, now time.Time) bool {
	if !v.Since.IsZero() || len(dates) < leastHistory {
		return false
	}
	dates = slices.Clone(dates)
	slices.SortFunc(dates, time.Time.Compare)
	first := len(dates) - 1
	for first > 0 && dates[first].Sub(dates[first-1]) < historyGap && now.Sub(dates[first-1]) < keptDays*24*time.Hour {
		first--
	}
	dates = dates[first:]
	oldest, newest := dates[0].UTC(), dates[len(dates)-1].UTC()
	if len(dates) < leastHistory || newest.Sub(oldest) < learnFor || !newest.Before(now) {
		return false
	}
	from := oldest
	for i := 0; i < len(dates); { // hour by hour, so that each hour's posts meet the hour's time
		end := dates[i].UTC().Truncate(time.Hour).Add(time.Hour)
		if end.After(newest) {
			end = newest
		}
		if end.After(from) {
			v.learn(span{from, end})
			from = end
		}
		for ; i < len(dates) && !dates[i].After(end); i++ {
			at := dates[i].UTC()
			v.Hours[hourOfWeek(at)]++
			v.day(at).Posts++
		}
	}
	v.Since, v.Until = oldest, now.UTC()
	v.Pending = append(v.Pending, span{newest, v.Until})
	return true
}

// learn adds the hours of p as heard.
func (v *volume) learn(p span) {
	if p.To.Sub(p.From) > keptDays*24*time.Hour { // older days would be forgotten at once
		p.From = p.To.Add(-keptDays * 24 * time.Hour)
	}
	eachHour(p, func(t time.Time, h float64) {
		slot := hourOfWeek(t)
		keep := math.Pow(hourDecay, h)
		v.Hours[slot] *= keep
		v.Heard[slot] = v.Heard[slot]*keep + h
		v.day(t).Heard += h
	})
}

// eachHour calls f for each hour, or part of one, of p with its length in hours.
func eachHour(p span, f func(t time.Time, h float64)) {
	for t := p.From.UTC(); t.Before(p.To); {
		end := t.Truncate(time.Hour).Add(time.Hour)
		if end.After(p.To) {
			end = p.To
		}
		f(t, end.Sub(t).Hours())
		t = end
	}
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

// expect is the number of posts expected in p, following the rhythm of the week.
func (v *volume) expect(p span) float64 {
	mean := v.perHour()
	if d := p.To.Sub(p.From); d > 8*7*24*time.Hour { // eight weeks or more: the rhythm averages out
		return mean * d.Hours()
	}
	const prior = 2 // hours of the overall mean that each hour of the week starts with
	var e float64
	eachHour(p, func(t time.Time, h float64) {
		i := hourOfWeek(t)
		e += (v.Hours[i] + prior*mean) / (v.Heard[i] + prior) * h
	})
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
	var e, hours, weekHeard, weekPosts float64
	week := now.Add(-7 * 24 * time.Hour)
	for _, p := range v.Pending {
		e += v.expect(p)
		hours += p.To.Sub(p.From).Hours()
		if p.To.After(week) {
			weekHeard += min(p.To.Sub(p.From).Hours(), p.To.Sub(week).Hours())
		}
	}
	odds := e
	if f > 1.01 {
		odds = e * math.Log(f) / (f - 1)
	}
	if odds > silentOdds {
		return fmt.Sprintf("no posts in %s, where about %.0f are usual", roughly(hours), e)
	}
	if week.Before(v.Since.Add(learnFor)) {
		return ""
	}
	for _, d := range v.Days {
		if d.Day > week.Unix()/86400 {
			weekPosts += d.Posts
			weekHeard += d.Heard
		}
	}
	e = v.perHour() * weekHeard
	// Days of one kind follow each other, so a week varies more than seven days on their own: twice the dispersion.
	if weekPosts < e/4 && (e-weekPosts)/math.Sqrt(2*e*f) > 4 {
		return fmt.Sprintf("%.0f posts in 7 days, where about %.0f are usual", weekPosts, e)
	}
	return ""
}

// roughly is a time in words.
func roughly(hours float64) string {
	if hours >= 48 {
		return fmt.Sprintf("%.0f days", hours/24)
	}
	return fmt.Sprintf("%.0f hours", hours)
}
