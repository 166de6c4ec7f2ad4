package stats

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Row is what a method says of a bucket, as `barometer detect` prints it.
type Row struct {
	Time     string `json:"time"`
	Observed Number `json:"observed"`
	Expected Number `json:"expected"`
	Upper    Number `json:"upper"` // the highest that does not alarm
	P        Number `json:"p"`
	Alarm    bool   `json:"alarm"`
}

// Number is a number, or null in JSON where nothing can be said.
type Number float64

// MarshalJSON writes null for what is not a number.
func (n Number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return strconv.AppendFloat(nil, x, 'g', -1, 64), nil
	}
	return []byte("null"), nil
}

// Methods are the names Detect knows.
var Methods = []string{"shock", "drift", "daily", "cusum", "farrington", "ears-c1", "ears-c2", "ears-c3"}

// Detect runs a method over a series and returns a row a bucket; a bucket that cannot be tested, for want of history or
// because its count is not known, has null for what is not known. It never looks ahead.
//
// Options by method, all optional:
//   - shock, drift, daily (both), cusum (a Rise, without p): history, gap (buckets), alpha (0.01). Days have a weekly pattern; shorter buckets one of
//     hours, learnt on the way, and a history of a day, but not below 56 buckets nor above 288; longer buckets none.
//   - farrington: b, w, freq, noPeriods, reweight, weightsThreshold, pastWeeksNotIncluded, pThresholdTrend, trend,
//     thresholdMethod, powertrans, alpha, limit54 (as "5,4"), which mean what they mean in R's farringtonFlexible. Without
//     freq it is 52 for weeks, 12 for months, 365 for days.
//   - ears-c1, ears-c2, ears-c3: baseline, minSigma, alpha, as in R's earsC.
func Detect(b *Buckets, method string, options map[string]string) ([]Row, error) {
	rows := make([]Row, len(b.Counts))
	nan := Number(math.NaN())
	for i := range rows {
		rows[i] = Row{Time: b.Labels[i], Observed: Number(b.Counts[i]), Expected: nan, Upper: nan, P: nan}
	}
	set := func(i int, v Verdict) {
		r := &rows[i]
		r.Expected, r.Upper, r.P, r.Alarm = Number(v.Expected), Number(v.Upper), Number(v.P), v.Alarm
		if v.P == 0 {
			r.P = math.SmallestNonzeroFloat64 // smaller than can be told is not never
		}
	}
	o := settings{values: options}
	var err error
	switch method {
	case "shock", "drift", "daily", "cusum":
		err = detectDaily(b, method, &o, set)
	case "farrington":
		err = detectFarrington(b, &o, set)
	case "ears-c1", "ears-c2", "ears-c3":
		e := EARSOptions{Method: strings.ToUpper(strings.TrimPrefix(method, "ears-")), Baseline: o.whole("baseline", 0), MinSigma: o.number("minSigma", 0), Alpha: o.share("alpha", 0)}
		if err = o.check(); err == nil {
			err = b.complete()
		}
		var verdicts []Verdict
		if err == nil {
			verdicts, err = EARS(b.Counts, e)
		}
		for _, v := range verdicts {
			set(v.Index, v)
		}
	default:
		err = fmt.Errorf("want one of %s", strings.Join(Methods, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", method, err)
	}
	return rows, nil
}

func detectDaily(b *Buckets, method string, o *settings, set func(int, Verdict)) error {
	width := b.width()
	s, at, err := b.grid(width)
	if err != nil {
		return err
	}
	history := 56
	if width > 0 && width < 23*time.Hour {
		s.Exposure = b.profile(&s, width)
		history = min(max(int(day/width), 56), 288)
	}
	so := ShockOptions{History: o.whole("history", history), Gap: o.whole("gap", 7), Alpha: o.share("alpha", .01)}
	if err := o.check(); err != nil {
		return err
	}
	if so.History < LeastHistory || so.History > 3650 || so.Gap < 1 || so.Gap > 365 {
		return fmt.Errorf("history %d, gap %d: want %d to 3650 and 1 to 365 buckets", so.History, so.Gap, LeastHistory)
	}
	var chart Rise
	for i, t := range at {
		switch method {
		case "shock":
			set(i, Shock(s, t, so).Verdict)
		case "cusum":
			v := Shock(s, t, so)
			v.P, v.Upper, v.Alarm = math.NaN(), math.NaN(), false
			if v.Tested {
				_, v.Alarm = chart.Add(v.Observed, v.Expected, v.Phi)
			}
			set(i, v.Verdict)
		case "drift":
			set(i, Drift(s, t, so).Verdict)
		default:
			v := Daily(s, t, so)
			v.Shock.P, v.Shock.Alarm = v.P, v.Alarm
			set(i, v.Shock.Verdict)
		}
	}
	return nil
}

func detectFarrington(b *Buckets, o *settings, set func(int, Verdict)) error {
	freq := 52
	switch w := b.width(); {
	case w > 25*day:
		freq = 12
	case w > 0 && w < 23*time.Hour:
		return fmt.Errorf("buckets of %v: want days, weeks or months", w)
	case w > 0 && w <= 25*time.Hour:
		freq = 365
	}
	f := FarringtonOptions{B: o.whole("b", 0), W: o.whole("w", 0), Freq: o.whole("freq", freq), NoPeriods: o.whole("noPeriods", 0), NoReweight: !o.yes("reweight", true),
		WeightsThreshold: o.number("weightsThreshold", 0), NoTrend: !o.yes("trend", true), PThresholdTrend: o.number("pThresholdTrend", 0),
		ThresholdMethod: o.values["thresholdMethod"], PowerTrans: o.values["powertrans"], Alpha: o.share("alpha", 0), Dates: b.Times}
	if _, ok := o.values["pastWeeksNotIncluded"]; ok {
		n := o.whole("pastWeeksNotIncluded", 0)
		f.PastWeeksNotIncluded = &n
	}
	if text, ok := o.values["limit54"]; ok {
		var l [2]int
		if n, err := fmt.Sscanf(text, "%d,%d", &l[0], &l[1]); n != 2 || err != nil || l[0] < 0 || l[1] < 1 {
			return fmt.Errorf("limit54 %q: want two numbers, as 5,4", text)
		}
		f.Limit54 = &l
	}
	o.used("thresholdMethod", "powertrans", "pastWeeksNotIncluded", "limit54")
	if err := o.check(); err != nil {
		return err
	}
	if err := b.complete(); err != nil {
		return err
	}
	if f.B > 100 || f.W > 1000 || f.Freq < 2 || f.Freq > 1000 || f.NoPeriods > 100 {
		return fmt.Errorf("b %d, w %d, freq %d, noPeriods %d: want at most 100, 1000, 2 to 1000, 100", f.B, f.W, f.Freq, f.NoPeriods)
	}
	verdicts, err := Farrington(b.Counts, f)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		set(v.Index, v.Verdict)
	}
	return nil
}

// complete says whether every count is known, which the published methods need.
func (b *Buckets) complete() error {
	if i := slices.IndexFunc(b.Counts, math.IsNaN); i >= 0 {
		return fmt.Errorf("bucket %s: the method needs every count", b.Labels[i])
	}
	return nil
}

// settings reads named options and remembers what was wrong with them.
type settings struct {
	values map[string]string
	known  map[string]bool
	err    error
}

func (s *settings) used(names ...string) {
	if s.known == nil {
		s.known = map[string]bool{}
	}
	for _, n := range names {
		s.known[n] = true
	}
}

func (s *settings) fail(name, want string) {
	if s.err == nil {
		s.err = fmt.Errorf("%s %q: want %s", name, s.values[name], want)
	}
}

func (s *settings) number(name string, otherwise float64) float64 {
	s.used(name)
	text, ok := s.values[name]
	if !ok {
		return otherwise
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0 && x < 1e9) {
		s.fail(name, "a number that is not negative")
	}
	return x
}

func (s *settings) share(name string, otherwise float64) float64 {
	x := s.number(name, otherwise)
	if _, ok := s.values[name]; ok && (x <= 0 || x >= 1) {
		s.fail(name, "a number between 0 and 1")
	}
	return x
}

func (s *settings) whole(name string, otherwise int) int {
	s.used(name)
	text, ok := s.values[name]
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1e6 {
		s.fail(name, "a whole number")
	}
	return n
}

// yes also reads what R writes.
func (s *settings) yes(name string, otherwise bool) bool {
	s.used(name)
	text, ok := s.values[name]
	if !ok {
		return otherwise
	}
	v, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		s.fail(name, "true or false")
	}
	return v
}

func (s *settings) check() error {
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		if !s.known[name] {
			return fmt.Errorf("unknown option %q, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(s.known)), ", "))
		}
	}
	return s.err
}
