package classify

import (
	"math"
	"regexp"
	"time"

	"barometer/internal/barometer"
)

// The modes.
const (
	ModeUncertain = "uncertain" // ask about posts of which the built-in model is not sure, the least sure first
	ModeAll       = "all"       // ask about every post
)

// Config says which plug-in to ask, about what, and how much. The zero value asks nobody; other zero fields take the
// defaults named beside them.
type Config struct {
	Subject string        `yaml:"subject"` // where the plug-in listens, such as barometer.classify.clinic; "" asks nobody
	Mode    string        `yaml:"mode"`    // uncertain (default) or all
	Below   float64       `yaml:"below"`   // uncertain: the best probability below which the plug-in is asked; default 0.6
	Share   float64       `yaml:"share"`   // of all posts, the most to ask about, 0 to 1; default 0.2, or 1 in mode all
	Timeout time.Duration `yaml:"timeout"` // the longest that a batch of mentions waits for answers; default 2 s
	Batch   int           `yaml:"batch"`   // posts in one request, 1 to 64; default 32
}

const maxBatch = 64

// subjectForm is a NATS subject without wildcards.
var subjectForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// Enabled says whether there is a plug-in to ask.
func (c Config) Enabled() bool { return c.Subject != "" }

func (c Config) withDefaults() Config {
	if c.Mode == "" {
		c.Mode = ModeUncertain
	}
	if c.Below == 0 {
		c.Below = 0.6
	}
	if c.Share == 0 {
		c.Share = 0.2
		if c.Mode == ModeAll {
			c.Share = 1
		}
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Batch == 0 {
		c.Batch = 32
	}
	return c
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	if !c.Enabled() {
		if c != (Config{}) {
			return barometer.Errorf(barometer.Invalid, "classifier.subject is missing: say where the plug-in listens, such as barometer.classify.clinic")
		}
		return nil
	}
	c = c.withDefaults()
	switch {
	case !subjectForm.MatchString(c.Subject):
		return barometer.Errorf(barometer.Invalid, "classifier.subject %q: want words of letters, digits, - and _ separated by dots", c.Subject)
	case c.Mode != ModeUncertain && c.Mode != ModeAll:
		return barometer.Errorf(barometer.Invalid, "classifier.mode %q: want %s or %s", c.Mode, ModeUncertain, ModeAll)
	case math.IsNaN(c.Below) || c.Below <= 1.0/3 || c.Below > 1:
		return barometer.Errorf(barometer.Invalid, "classifier.below %g: want more than 1/3, which the best of three classes always has, and at most 1", c.Below)
	case math.IsNaN(c.Share) || c.Share < 0 || c.Share > 1:
		return barometer.Errorf(barometer.Invalid, "classifier.share %g: want 0 to 1", c.Share)
	case c.Timeout < 10*time.Millisecond || c.Timeout > 20*time.Second:
		return barometer.Errorf(barometer.Invalid, "classifier.timeout %s: want 10ms to 20s, well below the time after which a mention comes again", c.Timeout)
	case c.Batch < 1 || c.Batch > maxBatch:
		return barometer.Errorf(barometer.Invalid, "classifier.batch %d: want 1 to %d", c.Batch, maxBatch)
	}
	return nil
}
