package classify

import (
	"math"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string // part of the error, or "" for none
	}{
		{Config{}, ""},
		{Config{Subject: "barometer.classify.clinic"}, ""},
		{Config{Subject: "a", Mode: ModeAll, Below: 0.5, Share: 0.5, Timeout: time.Second, Batch: 64}, ""},
		{Config{Mode: ModeAll}, "classifier.subject is missing"},
		{Config{Subject: "a.*"}, "classifier.subject"},
		{Config{Subject: "a..b"}, "classifier.subject"},
		{Config{Subject: "a", Mode: "some"}, "classifier.mode"},
		{Config{Subject: "a", Below: 0.3}, "classifier.below"},
		{Config{Subject: "a", Share: 1.5}, "classifier.share"},
		{Config{Subject: "a", Share: math.NaN()}, "classifier.share"},
		{Config{Subject: "a", Timeout: time.Minute}, "classifier.timeout"},
		{Config{Subject: "a", Batch: 65}, "classifier.batch"},
	} {
		err := c.config.Validate()
		if c.want == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.config, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%+v: error %v, want one about %s", c.config, err, c.want)
		}
	}
}

func TestDefaultShareDependsOnTheMode(t *testing.T) {
	if got := (Config{Subject: "a"}).withDefaults().Share; got != 0.2 {
		t.Errorf("uncertain: share %g, want 0.2", got)
	}
	if got := (Config{Subject: "a", Mode: ModeAll}).withDefaults().Share; got != 1 {
		t.Errorf("all: share %g, want 1", got)
	}
}
