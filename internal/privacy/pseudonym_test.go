package privacy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func TestPseudonymsAreStableUntilRotation(t *testing.T) {
	dir := t.TempDir()
	p, err := OpenPseudonymiser(dir)
	if err != nil {
		t.Fatal(err)
	}
	jane := p.Pseudonym("x", "jane")
	again, err := OpenPseudonymiser(dir)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case jane == 0, jane != again.Pseudonym("x", "jane"):
		t.Errorf("a restart changed %v to %v", jane, again.Pseudonym("x", "jane"))
	case jane == p.Pseudonym("mastodon", "jane"):
		t.Error("two platforms' authors were joined")
	case p.Pseudonym("x", "") != 0:
		t.Error("nobody has a pseudonym")
	case p.KeyID() != 1:
		t.Errorf("key id %d", p.KeyID())
	}
	if err := p.Rotate(); err != nil {
		t.Fatal(err)
	}
	if p.KeyID() != 2 || p.Pseudonym("x", "jane") == jane {
		t.Errorf("rotation kept key %d or the pseudonym", p.KeyID())
	}
	if info, err := os.Stat(filepath.Join(dir, KeyFileName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files left in the directory", len(left))
	}
}

func TestRotationByPeriod(t *testing.T) {
	p, err := OpenPseudonymiser(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		period, age time.Duration
		want        bool
	}{{0, 1000 * time.Hour, false}, {24 * time.Hour, time.Hour, false}, {24 * time.Hour, 25 * time.Hour, true}} {
		if did, err := p.RotateAfter(c.period, time.Now().Add(c.age)); did != c.want || err != nil {
			t.Errorf("period %v at age %v: %v, %v", c.period, c.age, did, err)
		}
	}
}

func TestBrokenKeyStops(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"not JSON":           {"secret!", 0o600, "not a key file"},
		"short":              {`{"key_id":1,"secret":"abcd"}`, 0o600, "not a complete key"},
		"readable by others": {`{"key_id":1}`, 0o644, "readable by others"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, KeyFileName), []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := OpenPseudonymiser(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte(`{"key_id":1,"secret":"00"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if k, err := decodeKey(raw); err == nil && (len(k.secret) != 32 || k.ID == 0) {
			t.Errorf("accepted %q", raw)
		}
	})
}
