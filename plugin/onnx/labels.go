package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"barometer/internal/barometer"
	"barometer/internal/classify"
)

// class is a class of sentiment.
type class uint8

const (
	negative class = iota
	neutral
	positive
	classes
)

var classNames = [classes]string{barometer.Negative, barometer.Neutral, barometer.Positive}

// known are the names that published models give their labels, in lower case. LABEL_0 and the like are not among them:
// what they mean differs from model to model.
var known = map[string]class{
	"negative": negative, "neg": negative, "very negative": negative, "very_negative": negative, "1 star": negative, "2 stars": negative,
	"neutral": neutral, "neu": neutral, "3 stars": neutral,
	"positive": positive, "pos": positive, "very positive": positive, "very_positive": positive, "4 stars": positive, "5 stars": positive,
}

// labels says which class each output of the model speaks for.
type labels struct {
	names []string
	class []class
}

// newLabels reads id2label of a config.json, with the user's word ("A=negative,B=positive") before our own guess.
func newLabels(id2label map[int]string, user string) (labels, error) {
	asked := map[string]class{}
	for pair := range strings.SplitSeq(user, ",") {
		if user == "" {
			break
		}
		name, to, _ := strings.Cut(pair, "=")
		at := slices.Index(classNames[:], strings.TrimSpace(to))
		if at < 0 {
			return labels{}, barometer.Errorf(barometer.Invalid, "-labels: %q: want NAME=negative, NAME=neutral or NAME=positive", pair)
		}
		asked[strings.ToLower(strings.TrimSpace(name))] = class(at)
	}
	var l labels
	var has [classes]bool
	for i := range len(id2label) {
		name, ok := id2label[i]
		if !ok {
			return labels{}, barometer.Errorf(barometer.Invalid, "config.json: id2label has no %d though it has %d labels", i, len(id2label))
		}
		key := strings.ToLower(strings.TrimSpace(name))
		c, ok := asked[key]
		delete(asked, key)
		if !ok {
			if c, ok = known[key]; !ok {
				return labels{}, barometer.Errorf(barometer.Invalid, "config.json: the label %q does not say whether it is negative, neutral or positive: say so with -labels", name)
			}
		}
		has[c] = true
		l.names, l.class = append(l.names, name), append(l.class, c)
	}
	if len(asked) > 0 {
		return labels{}, barometer.Errorf(barometer.Invalid, "-labels: the model has no label %q, it has %q", slices.Sorted(maps.Keys(asked))[0], l.names)
	}
	if !has[negative] || !has[positive] {
		return labels{}, barometer.Errorf(barometer.Invalid, "config.json: the labels %q have no negative or no positive one: this is no classifier of sentiment", l.names)
	}
	return l, nil
}

// dist sums the model's probabilities by class. A model without a neutral label never says neutral.
func (l labels) dist(p []float32) classify.Dist {
	var sum [classes]float32
	for i, v := range p {
		sum[l.class[i]] += v
	}
	return classify.Dist{Negative: sum[negative], Neutral: sum[neutral], Positive: sum[positive]}
}

// String lists the mapping.
func (l labels) String() string {
	var parts []string
	for i, name := range l.names {
		parts = append(parts, fmt.Sprintf("%s=%s", name, classNames[l.class[i]]))
	}
	return strings.Join(parts, ",")
}
