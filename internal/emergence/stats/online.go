package stats

import "slices"

// Online decides about hypotheses one after the other, each at a level that depends on the past alone, so that the false
// discovery rate over all time stays at Alpha. The state is the past; it can be saved and restored field by field.
//
// The methods differ in how they earn and spend: LORD++ (Ramdas and others 2017), SAFFRON (2018), which counts only
// candidates (p <= 1/2), ADDIS (Tian and Ramdas 2019), which also drops conservative p-values, and LOND (Javanmard and
// Montanari 2015).
type Online struct {
	Method Method
	Alpha  float64

	Tests      int   // decided so far
	Candidates []int // tests with p <= lambda, by number from 1 (SAFFRON, ADDIS)
	Rejections []int // rejected tests, by number from 1
	Selected   []int // tests with p <= tau, by number from 1 (ADDIS)
}

// Method names an online procedure.
type Method uint8

// The online procedures.
const (
	LORDPlusPlus Method = iota
	SAFFRON
	ADDIS
	LOND
)

// ADDIS discards p-values above addisTau; its candidates, and those of SAFFRON, lie below lambda.
const (
	saffronLambda = .5
	addisLambda   = .25
	addisTau      = .5
)

// Level returns the level at which the next hypothesis will be tested.
func (o *Online) Level() float64 {
	t := o.Tests + 1
	switch o.Method {
	case SAFFRON:
		after := func(past int) int { return t - past - countAfter(o.Candidates, past) }
		return min(saffronLambda, (1-saffronLambda)*o.wealth(o.Alpha/2, after, gammaSAFFRON))
	case ADDIS:
		after := func(past int) int { return 1 + countAfter(o.Selected, past) - countAfter(o.Candidates, past) }
		return min(addisLambda, (addisTau-addisLambda)*o.wealth(o.Alpha/2, after, gammaSAFFRON))
	case LOND:
		return o.Alpha * gammaLORD(t) * float64(len(o.Rejections)+1)
	default:
		return o.wealth(o.Alpha/10, func(past int) int { return t - past }, gammaLORD)
	}
}

// wealth is what the start and each rejection still contribute: w0 from the start, alpha - w0 from the first rejection,
// alpha from each later one, all spent by the sequence gamma.
func (o *Online) wealth(w0 float64, after func(past int) int, gamma func(int) float64) float64 {
	level := w0 * gamma(after(0))
	for i, r := range o.Rejections {
		earned := o.Alpha
		if i == 0 {
			earned -= w0
		}
		level += earned * gamma(after(r))
	}
	return level
}

// Test decides about the next hypothesis: it returns the level used and whether p is at or below it.
func (o *Online) Test(p float64) (level float64, reject bool) {
	level = o.Level()
	reject = p <= level
	o.Tests++
	lambda := saffronLambda
	if o.Method == ADDIS {
		lambda = addisLambda
		if p <= addisTau {
			o.Selected = append(o.Selected, o.Tests)
		}
	}
	if p <= lambda && (o.Method == SAFFRON || o.Method == ADDIS) {
		o.Candidates = append(o.Candidates, o.Tests)
	}
	if reject {
		o.Rejections = append(o.Rejections, o.Tests)
	}
	return level, reject
}

// countAfter counts the entries of an ascending list above n.
func countAfter(list []int, n int) int {
	i, _ := slices.BinarySearch(list, n+1)
	return len(list) - i
}

// BatchBH runs Benjamini and Hochberg's procedure on one batch of hypotheses after the other, at levels that keep the
// false discovery rate over all time at Alpha (Zrnic, Jiang, Ramdas and Jordan 2020).
type BatchBH struct {
	Alpha   float64
	Batches []BatchResult
}

// BatchResult is what later batches need to know of an earlier one.
type BatchResult struct {
	Level     float64
	Rejected  int
	Augmented int // the most rejections there could have been, had one p-value been 0
}

// Level returns the level at which a next batch of n hypotheses will be tested.
func (b *BatchBH) Level(n int) float64 {
	var budget float64
	total := 0
	for i := range len(b.Batches) + 1 {
		budget += b.Alpha * gammaSAFFRON(i+1)
	}
	for _, r := range b.Batches {
		total += r.Rejected
	}
	for _, r := range b.Batches {
		if r.Augmented > 0 {
			budget -= r.Level * float64(r.Augmented) / float64(r.Augmented+total-r.Rejected)
		}
	}
	return budget * float64(n+total) / float64(n)
}

// Test decides about the next batch: it returns the level used, and for each p whether it is rejected. An empty batch
// changes nothing.
func (b *BatchBH) Test(p []float64) (level float64, reject []bool) {
	if len(p) == 0 {
		return 0, nil
	}
	level = b.Level(len(p))
	q := BenjaminiHochberg(p, 0)
	reject = make([]bool, len(p))
	r := BatchResult{Level: level}
	for i := range p {
		if q[i] <= level {
			reject[i] = true
			r.Rejected++
		}
	}
	// Setting the largest p-value to 0 moves every other one a rank up, which no other choice surpasses.
	sorted := slices.Clone(p)
	slices.Sort(sorted)
	r.Augmented = 1
	for k := range len(sorted) - 1 {
		if sorted[k] <= level*float64(k+2)/float64(len(p)) {
			r.Augmented = k + 2
		}
	}
	b.Batches = append(b.Batches, r)
	return level, reject
}
