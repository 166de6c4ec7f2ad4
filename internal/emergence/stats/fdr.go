package stats

import (
	"math"
	"slices"
)

// BenjaminiHochberg returns the adjusted p-values (q-values) of p: rejecting all with q <= level keeps the expected
// share of false rejections at or below level when the tests are independent or positively dependent (Benjamini and
// Hochberg 1995). The tests that were carried out but are not in p are counted by extra: their p-values count as 1.
func BenjaminiHochberg(p []float64, extra int) []float64 {
	return stepUp(p, float64(len(p)+extra))
}

// BenjaminiYekutieli is BenjaminiHochberg for tests that depend on each other in any way (2001).
func BenjaminiYekutieli(p []float64) []float64 {
	var harmonic float64
	for i := range p {
		harmonic += 1 / float64(i+1)
	}
	return stepUp(p, float64(len(p))*harmonic)
}

func stepUp(p []float64, m float64) []float64 {
	order := byValue(p)
	q := make([]float64, len(p))
	least := 1.0
	for i := len(p) - 1; i >= 0; i-- {
		least = min(least, p[order[i]]*m/float64(i+1))
		q[order[i]] = least
	}
	return q
}

// Holm returns p-values adjusted so that rejecting all <= level keeps the chance of any false rejection at level (1979).
func Holm(p []float64) []float64 {
	order := byValue(p)
	q := make([]float64, len(p))
	most := 0.0
	for i, k := range order {
		most = max(most, min(1, p[k]*float64(len(p)-i)))
		q[k] = most
	}
	return q
}

// Bonferroni returns p-values multiplied by their number, at most 1.
func Bonferroni(p []float64) []float64 {
	q := make([]float64, len(p))
	for i := range p {
		q[i] = min(1, p[i]*float64(len(p)))
	}
	return q
}

func byValue(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	return order
}

// gammaLORD is the spending sequence of Javanmard and Montanari (2018), normalised as in their paper.
func gammaLORD(j int) float64 {
	x := float64(j)
	return 0.07720838 * math.Log(max(x, 2)) / (x * math.Exp(math.Sqrt(math.Log(x))))
}

// gammaSAFFRON is the spending sequence of Ramdas and others (2018): j^-1.6, normalised.
func gammaSAFFRON(j int) float64 { return 0.4374901658 * math.Pow(float64(j), -1.6) }
