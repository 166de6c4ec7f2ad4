package web

import (
	"time"

	"barometer/internal/barometer"
)

// period is what the overview looks at: whole days of the organisation's zone up to now, and the same days one length
// before, cut at the same time of day, so that a half-finished Tuesday is compared with half a Tuesday.
type period struct {
	Key, Label, Name string
	Until            string // day (2006-01-02) that it ends with, or "" for now
	Step             string
	From, To         time.Time
	PriorFrom        time.Time
	PriorTo          time.Time
}

var periods = []struct {
	key, label, name string
	days             int
}{
	{"24h", "24 hours", "the last 24 hours", 1},
	{"7d", "7 days", "the last 7 days", 7},
	{"28d", "28 days", "the last 28 days", 28},
	{"90d", "90 days", "the last 90 days", 90},
}

// newPeriod takes the key of a period, or the 7 days for any other word.
func newPeriod(key string, now time.Time) period {
	chosen := periods[1]
	for _, p := range periods {
		if p.key == key {
			chosen = p
		}
	}
	// Up to the end of this hour: roll-ups are by the hour.
	end := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location()).Add(time.Hour)
	p := period{Key: chosen.key, Label: chosen.label, Name: chosen.name, To: end, Step: barometer.StepDay}
	if chosen.days == 1 {
		p.Step = barometer.StepHour
		p.From = end.Add(-24 * time.Hour)
		p.PriorFrom, p.PriorTo = p.From.Add(-24*time.Hour), p.From
		return p
	}
	p.From = time.Date(now.Year(), now.Month(), now.Day()-chosen.days+1, 0, 0, 0, 0, now.Location())
	p.PriorFrom, p.PriorTo = p.From.AddDate(0, 0, -chosen.days), end.AddDate(0, 0, -chosen.days)
	return p
}

// upTo is now, or the end of the day (2006-01-02) that somebody asks for, where that is past.
func upTo(day string, now time.Time) (at time.Time, until string) {
	d, err := time.ParseInLocation(time.DateOnly, day, now.Location())
	if end := d.AddDate(0, 0, 1).Add(-time.Second); err == nil && end.Before(now) {
		return end, day
	}
	return now, ""
}

// ending says that the period ends with a past day.
func (p period) ending(until string) period {
	if p.Until = until; until != "" {
		p.Name = "the " + p.Label + " up to " + p.To.Add(-time.Second).Format("2 January 2006")
	}
	return p
}

// query is the period in an address.
func (p period) query(key string) string {
	q := "?period=" + key
	if p.Until != "" {
		q += "&until=" + p.Until
	}
	return q
}

// name says a bucket in full, short in the width of an axis.
func (p period) name(t time.Time) string {
	if p.Step == barometer.StepHour {
		return t.Format("Monday 15:04")
	}
	return t.Format("Monday 2 January")
}

func (p period) short(t time.Time) string {
	if p.Step == barometer.StepHour {
		return t.Format("15:04")
	}
	if p.Key == "7d" {
		return t.Format("Mon")
	}
	return t.Format("2 Jan")
}
