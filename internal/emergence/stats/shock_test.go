package stats

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// weeks returns days of counts around a mean, the same ones each time.
func weeks(days int, mean float64) Series {
	r := rand.New(rand.NewPCG(11, uint64(mean)))
	s := Series{First: time.Monday, Counts: make([]float64, days)}
	for i := range s.Counts {
		d := NegBin{mean, 1.5}
		s.Counts[i] = float64(d.Quantile(r.Float64()))
	}
	return s
}

func TestShockFindsAPeak(t *testing.T) {
	s := weeks(70, 8)
	s.Counts[69] = 30
	v := Shock(s, 69, ShockOptions{})
	if !v.Alarm || !v.Tested || v.Provisional || v.P > 1e-4 || math.Abs(v.Expected-8) > 2 || v.Upper >= 30 || v.Upper <= v.Expected {
		t.Errorf("30 after weeks of 8: %+v", v)
	}
	if !(v.Above < v.MidP && v.MidP < v.P) {
		t.Errorf("chances of more %v, half of the same %v, as many %v", v.Above, v.MidP, v.P)
	}
	// Upper is the limit: at it no alarm, one above it an alarm.
	for _, c := range []struct {
		count float64
		alarm bool
	}{{v.Upper, false}, {v.Upper + 1, true}} {
		if s.Counts[69] = c.count; Shock(s, 69, ShockOptions{}).Alarm != c.alarm {
			t.Errorf("count %v with upper %v: alarm is not %v", c.count, v.Upper, c.alarm)
		}
	}
}

func TestDriftFindsWhatNoDayShows(t *testing.T) {
	s := weeks(70, 8)
	for i := 63; i < 70; i++ {
		s.Counts[i] = 14
	}
	v := Daily(s, 69, ShockOptions{})
	if v.Shock.Alarm {
		t.Errorf("14 after weeks of 8 is no shock: %+v", v.Shock)
	}
	if !v.Drift.Alarm || !v.Alarm || v.Drift.Days < 5 || v.Drift.Observed != 14*float64(min(v.Drift.Days, 7))+rest(s, v.Drift.Days) {
		t.Errorf("a week of 14 after weeks of 8: %+v", v.Drift)
	}
	if v.Drift.Observed <= v.Drift.Upper {
		t.Errorf("alarm at %v with upper %v", v.Drift.Observed, v.Drift.Upper)
	}
}

// rest is what an eighth day adds.
func rest(s Series, days int) float64 {
	if days == 8 {
		return s.Counts[62]
	}
	return 0
}

func TestNothingIsTestedTooEarly(t *testing.T) {
	s := weeks(70, 8)
	for _, c := range []struct {
		day                 int
		tested, provisional bool
	}{{0, false, false}, {27, false, false}, {28, true, true}, {40, true, true}, {63, true, false}, {69, true, false}} {
		v := Daily(s, c.day, ShockOptions{})
		if v.Shock.Tested != c.tested || v.Shock.Provisional != c.provisional {
			t.Errorf("day %d: tested %v, provisional %v", c.day, v.Shock.Tested, v.Shock.Provisional)
		}
		if !c.tested && (v.Alarm || !math.IsNaN(v.P) || !math.IsNaN(v.Shock.P) || !math.IsNaN(v.Drift.P)) {
			t.Errorf("day %d has a verdict: %+v", c.day, v)
		}
	}
}

func TestBlindDaysAreMasked(t *testing.T) {
	s := weeks(70, 8)
	want := Daily(s, 69, ShockOptions{})
	blind := s
	blind.Counts = append([]float64(nil), s.Counts...)
	blind.Masked = make([]bool, 70)
	for i := 30; i < 40; i++ {
		blind.Counts[i], blind.Masked[i] = 0, true
	}
	got := Daily(blind, 69, ShockOptions{})
	if math.Abs(got.Shock.Expected/want.Shock.Expected-1) > .1 || got.Shock.Days != 46 {
		t.Errorf("ten blind days move the expectation from %v to %v (%d days)", want.Shock.Expected, got.Shock.Expected, got.Shock.Days)
	}
	blind.Masked[69] = true
	if v := Daily(blind, 69, ShockOptions{}); v.Shock.Tested || v.Alarm {
		t.Errorf("a blind day is tested: %+v", v)
	}
	none := s
	none.Exposure = make([]float64, 70)
	if v := Daily(none, 69, ShockOptions{}); v.Shock.Tested {
		t.Errorf("a day nobody was exposed is tested: %+v", v)
	}
}

func TestCampaignsHaveNoWeight(t *testing.T) {
	s := weeks(70, 8)
	quietly := Shock(s, 69, ShockOptions{}).Expected
	s.Counts = append([]float64(nil), s.Counts...)
	s.Weight = make([]float64, 70)
	for i := range s.Counts {
		s.Weight[i] = 1
		if i >= 20 && i < 34 {
			s.Counts[i] = 40
		}
	}
	loud := Shock(s, 69, ShockOptions{}).Expected
	for i := 20; i < 34; i++ {
		s.Weight[i] = 0
	}
	v := Shock(s, 69, ShockOptions{})
	if math.Abs(v.Expected/quietly-1) > .1 || math.Abs(v.Expected-quietly) > math.Abs(loud-quietly) {
		t.Errorf("expected %v without, %v with a campaign, %v with its days marked", quietly, loud, v.Expected)
	}
	for i := range s.Weight {
		s.Weight[i] = 0
	}
	if v := Shock(s, 69, ShockOptions{}); v.Tested {
		t.Errorf("tested against nothing: %+v", v)
	}
}

func TestPastOutbreaksLoseTheirSay(t *testing.T) {
	s := weeks(70, 8)
	want := Shock(s, 69, ShockOptions{})
	s.Counts = append([]float64(nil), s.Counts...)
	s.Counts[40], s.Counts[41] = 200, 120
	got := Shock(s, 69, ShockOptions{})
	if math.Abs(got.Expected/want.Expected-1) > .1 || got.Upper > want.Upper*1.35 {
		t.Errorf("two days of crisis move expected %v to %v, upper %v to %v", want.Expected, got.Expected, want.Upper, got.Upper)
	}
}

func TestPartialDays(t *testing.T) {
	s := weeks(70, 20)
	whole := Shock(s, 69, ShockOptions{})
	half := Shock(s, 69, ShockOptions{Fraction: .5})
	if !near(half.Expected, whole.Expected/2, 1e-9) || half.Upper >= whole.Upper {
		t.Errorf("expected %v of a day and %v of half of it", whole.Expected, half.Expected)
	}
	if v := Daily(s, 69, ShockOptions{Fraction: .49}); v.Shock.Tested {
		t.Errorf("less than half a day is tested: %+v", v)
	}
	if d := Daily(s, 69, ShockOptions{Fraction: .5}); d.Drift.Expected >= Daily(s, 69, ShockOptions{}).Drift.Expected {
		t.Error("the drift test expects a whole day of a half one")
	}
}

func TestExposureIsProportional(t *testing.T) {
	s := weeks(70, 20)
	s.Exposure = make([]float64, 70)
	for i := range s.Exposure {
		s.Exposure[i] = 100
	}
	once := Shock(s, 69, ShockOptions{})
	s.Exposure[69] = 200
	if twice := Shock(s, 69, ShockOptions{}); !near(twice.Expected, 2*once.Expected, 1e-9) {
		t.Errorf("expected %v, of twice as many mentions %v", once.Expected, twice.Expected)
	}
}

func TestWeekdaysAndHolidaysAreExpected(t *testing.T) {
	s := Series{First: time.Monday, Counts: make([]float64, 77), Holiday: make([]bool, 77)}
	for i := range s.Counts {
		s.Counts[i] = 40
		if i%7 >= 5 {
			s.Counts[i] = 20
		}
	}
	saturday, monday := Shock(s, 75, ShockOptions{}).Expected, Shock(s, 70, ShockOptions{}).Expected
	if saturday > 24 || monday < 36 {
		t.Errorf("expected %v on a Saturday, %v on a Monday", saturday, monday)
	}
	ordinary := Shock(s, 70, ShockOptions{})
	s.Holiday[70] = true
	if v := Shock(s, 70, ShockOptions{}); v.SE <= ordinary.SE {
		t.Errorf("a first holiday is as certain (%v) as an ordinary day (%v)", v.SE, ordinary.SE)
	}
}

// A verdict is about what was known then: later days, and where the series is cut, do not change it.
func TestVerdictsDoNotLookAhead(t *testing.T) {
	long := weeks(120, 4)
	changed := long
	changed.Counts = append([]float64(nil), long.Counts...)
	for i := 91; i < 120; i++ {
		changed.Counts[i] = 1000
	}
	short := long
	short.Counts = long.Counts[:91]
	a, b, c := Daily(long, 90, ShockOptions{}), Daily(changed, 90, ShockOptions{}), Daily(short, 90, ShockOptions{})
	if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(a, c) {
		t.Errorf("the future changes a verdict:\n%+v\n%+v\n%+v", a, b, c)
	}
}

func TestASilentSeriesExpectsSomething(t *testing.T) {
	s := Series{Counts: make([]float64, 70)}
	v := Daily(s, 69, ShockOptions{})
	if v.Alarm || !(v.Shock.Expected > 0 && v.Shock.Expected < .05) || v.P != 1 {
		t.Errorf("nothing after nothing: %+v", v)
	}
	s.Counts[69] = 6
	if v := Daily(s, 69, ShockOptions{}); !v.Alarm || v.P <= 0 {
		t.Errorf("six after nothing: %+v", v)
	}
}

// No series, however strange, may give anything but a probability.
func FuzzDaily(f *testing.F) {
	f.Add([]byte{0, 0, 0}, uint64(1), 1.)
	f.Add([]byte{255, 0, 3, 9}, uint64(2), 1e6)
	f.Fuzz(func(t *testing.T, pattern []byte, seed uint64, scale float64) {
		if len(pattern) == 0 || !(scale >= 0 && scale <= 1e7) {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		s := Series{Counts: make([]float64, 80), Masked: make([]bool, 80), Holiday: make([]bool, 80), Weight: make([]float64, 80)}
		for i := range s.Counts {
			x := pattern[i%len(pattern)]
			s.Counts[i] = math.Floor(float64(x) * scale)
			s.Masked[i], s.Holiday[i], s.Weight[i] = r.IntN(9) == 0, r.IntN(20) == 0, float64(r.IntN(5))/4
		}
		for _, day := range []int{28, 50, 79} {
			v := Daily(s, day, ShockOptions{})
			if !v.Shock.Tested {
				continue
			}
			for _, p := range []float64{v.P, v.Shock.P, v.Shock.MidP} {
				if !(p >= 0 && p <= 1+1e-9) {
					t.Fatalf("day %d: %+v", day, v)
				}
			}
			if !(v.Shock.Expected > 0) || math.IsInf(v.Shock.Expected, 0) || v.Shock.Upper < 0 {
				t.Fatalf("day %d: %+v", day, v)
			}
		}
	})
}
