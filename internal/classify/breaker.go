package classify

import "time"

const (
	failuresToPause = 3 // in a row
	firstPause      = 5 * time.Second
	longestPause    = 2 * time.Minute
)

// breaker pauses after failures in a row, so that a plug-in that is gone does not cost every batch its timeout. After a
// pause one request tries; its failure doubles the pause. The caller holds a lock.
type breaker struct {
	failures int
	pause    time.Duration
	until    time.Time // end of the pause, or zero
	trying   bool      // the one request after a pause is under way
}

// allow says whether to ask now.
func (b *breaker) allow(now time.Time) bool {
	if b.until.IsZero() {
		return true
	}
	if b.trying || now.Before(b.until) {
		return false
	}
	b.trying = true
	return true
}

// succeed records an answer and says whether it ends a pause.
func (b *breaker) succeed() bool {
	ended := !b.until.IsZero()
	*b = breaker{}
	return ended
}

// fail records a failure and returns the length of the pause that it begins, or 0.
func (b *breaker) fail(now time.Time) time.Duration {
	b.failures++
	if b.failures < failuresToPause || !b.until.IsZero() && !b.trying {
		return 0 // not yet, or the answer to a question from before the pause
	}
	b.pause = min(max(firstPause, 2*b.pause), longestPause)
	b.until, b.trying = now.Add(b.pause), false
	return b.pause
}

// abandon records that a question was given up without an outcome.
func (b *breaker) abandon() { b.trying = false }
