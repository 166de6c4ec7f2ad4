package embedded

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"barometer/internal/barometer"
)

// loadOrCreateSecret returns the random secret kept in the file dir/name, drawing it (130 bits, 26 letters and digits)
// and writing it at mode 0600 when there is none yet. A secret that other users may read is no secret any more: it is
// refused rather than used.
func loadOrCreateSecret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = rand.Text()
	if err := writePrivate(path, []byte(secret+"\n")); err != nil {
		return "", fmt.Errorf("create secret: %w", err)
	}
	return secret, nil
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("load secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", barometer.Errorf(barometer.Refused, "secret %s can be read by other users: remove it, or chmod 600 it if nobody did", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("load secret: %w", err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", barometer.Errorf(barometer.Invalid, "secret %s is empty: remove it to draw a new one", path)
	}
	return secret, nil
}

// writePrivate writes a small file at mode 0600 so that after a crash either all of it is there or nothing.
func writePrivate(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // CreateTemp opens at 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
