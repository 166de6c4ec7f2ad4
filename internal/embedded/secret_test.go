package embedded

import (
	"os"
	"path/filepath"
	"testing"

	"barometer/internal/barometer"
)

func TestSecretIsDrawnOnceAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := loadOrCreateSecret(dir, "nats.password")
	if err != nil || len(first) < 20 {
		t.Fatalf("first = %q, %v", first, err)
	}
	again, err := loadOrCreateSecret(dir, "nats.password")
	if err != nil || again != first {
		t.Errorf("second start: %q, %v; want the same secret", again, err)
	}
	other, _ := loadOrCreateSecret(dir, "clickhouse.password")
	if other == first {
		t.Error("two secrets are equal")
	}
	info, err := os.Stat(filepath.Join(dir, "nats.password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 {
		t.Errorf("%d files, want 2: a temporary file was left", len(left))
	}
}

func TestSecretThatOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("known"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := loadOrCreateSecret(filepath.Dir(path), "s"); barometer.KindOf(err) != barometer.Refused || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := loadOrCreateSecret(filepath.Dir(path), "s"); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("empty secret: %v", err)
	}
}
