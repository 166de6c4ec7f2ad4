package stats

import (
	"math"
	"sort"
)

// Rise is a pair of negative-binomial CUSUM charts of one series, for rises by the factors 1.6 and 2.5, with limits at
// which a series that does not change alarms once in 365 days on average. It needs the mean and the dispersion of each day
// from elsewhere, takes them for certain, and has no p-value; the drift test has both and is the one to decide by. The
// zero value is a chart that starts. Its state is its fields.
type Rise struct{ S [2]float64 }

// riseFactors are the logarithms of the factors looked for.
var riseFactors = [2]float64{math.Log(1.6), math.Log(2.5)}

// Add charts a day's count and says how near the chart is to its limit, 1 at it, and whether it alarms, upon which it starts
// anew.
func (r *Rise) Add(count, mean, phi float64) (score float64, alarm bool) {
	mean, phi = min(max(mean, riseMeans[0]), riseMeans[len(riseMeans)-1]), min(max(phi, 1), risePhis[len(risePhis)-1])
	o := LROptions{Alpha: (phi - 1) / mean}
	for k, theta := range riseFactors {
		r.S[k] = max(0, r.S[k]+o.ratio(count, mean, theta))
		score = max(score, r.S[k]/riseLimit(k, mean, phi))
	}
	if score >= 1 {
		*r = Rise{}
		return score, true
	}
	return score, false
}

// riseLimit interpolates the limits in the logarithms of mean and dispersion.
func riseLimit(k int, mean, phi float64) float64 {
	i, u := between(riseMeans[:], mean)
	j, v := between(risePhis[:], phi)
	row := func(i int) float64 { return (1-v)*riseLimits[k][i][j] + v*riseLimits[k][i][j+1] }
	return (1-u)*row(i) + u*row(i+1)
}

// between returns the cell of a rising grid x lies in, and how far it lies in it on the logarithmic scale.
func between(grid []float64, x float64) (int, float64) {
	i := min(max(sort.SearchFloat64s(grid, x)-1, 0), len(grid)-2)
	return i, math.Log(x/grid[i]) / math.Log(grid[i+1]/grid[i])
}

// runLength is the mean number of days to an alarm of a CUSUM that starts at 0 and whose mean does not change, by a Markov
// chain over its values (Brook and Evans 1972). A step between two states goes to both, so that its mean is kept.
func runLength(d NegBin, theta, limit float64) float64 {
	const states = 120
	width := limit / states
	o := LROptions{Alpha: (d.Phi - 1) / d.Mean}
	var a [states][states + 1]float64 // I - transitions, and the right side
	for i := range states {
		a[i][i], a[i][states] = 1, 1
	}
	for y, left := 0, 1.0; left > 1e-12 && y < 1e6; y++ {
		p := math.Exp(d.LogProbability(y))
		left -= p
		step := o.ratio(float64(y), d.Mean, theta) / width
		for i := range states {
			s := max(0, float64(i)+step)
			if s >= states {
				break // and so for all higher ones
			}
			j := int(s)
			up := s - float64(j)
			a[i][j] -= p * (1 - up)
			if j+1 < states {
				a[i][j+1] -= p * up
			}
		}
	}
	for i := range states { // elimination; the matrix is diagonally dominant, no pivot is needed
		for j := i + 1; j < states; j++ {
			f := a[j][i] / a[i][i]
			if f == 0 {
				continue
			}
			for k := i; k <= states; k++ {
				a[j][k] -= f * a[i][k]
			}
		}
	}
	for i := states - 1; i >= 0; i-- {
		for k := i + 1; k < states; k++ {
			a[i][states] -= a[i][k] * a[k][states]
		}
		a[i][states] /= a[i][i]
	}
	return a[0][states]
}

// riseDays is the mean time between false alarms of each of the two charts, so that both together have half of it at least.
const riseDays = 730

// solveLimit returns the limit of a chart whose mean time between false alarms is riseDays.
func solveLimit(d NegBin, theta float64) float64 {
	lo, hi := .1, 12.
	for range 24 {
		if mid := (lo + hi) / 2; runLength(d, theta, mid) < riseDays {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
