package privacy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"barometer/internal/barometer"
)

// Pseudonymiser turns authors into pseudonyms with a secret key: HMAC-SHA256 over platform and author id, cut to 8 bytes.
// Without the key nobody can find out by trying whose pseudonym it is.
//
// The key lives in one file of the data directory, readable by its owner only. Rotate draws a new one and forgets the
// old one for good: from then on the same author has another pseudonym, so an author's mentions before and after cannot
// be joined, counts of distinct authors over a span that holds a rotation count some people twice, and nobody, the
// operator included, can tell whose the earlier pseudonyms were. That is the point of it. Processes that share a stream
// need the same key file.
//
// It is safe for concurrent use.
type Pseudonymiser struct {
	path string
	mu   sync.Mutex // held by Rotate
	key  atomic.Pointer[keyFile]
}

// keyFile is the stored form. ID counts the rotations, from 1.
type keyFile struct {
	ID      uint32    `json:"key_id"`
	Created time.Time `json:"created"`
	Secret  string    `json:"secret"` // 64 hexadecimal digits
	secret  []byte
}

// KeyFileName is the name of the key's file in the data directory.
const KeyFileName = "pseudonym.key"

// OpenPseudonymiser reads the key in dir, or draws one when there is none. A broken or readable-by-others file is an
// error: drawing a new key quietly would change every pseudonym.
func OpenPseudonymiser(dir string) (*Pseudonymiser, error) {
	p := &Pseudonymiser{path: filepath.Join(dir, KeyFileName)}
	key, err := readKey(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = drawKey(1)
		if err == nil {
			err = writeKey(p.path, key, true)
		}
		if errors.Is(err, fs.ErrExist) { // another process was faster
			key, err = readKey(p.path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("pseudonym key: %w", err)
	}
	p.key.Store(key)
	return p, nil
}

// KeyID says which key is in use: it counts from 1 and grows with every rotation.
func (p *Pseudonymiser) KeyID() uint32 { return p.key.Load().ID }

// Pseudonym returns the pseudonym of an author on a platform, or zero when author is empty.
func (p *Pseudonymiser) Pseudonym(platform, author string) barometer.Pseudonym {
	if author == "" {
		return 0
	}
	mac := hmac.New(sha256.New, p.key.Load().secret)
	_, _ = fmt.Fprintf(mac, "%d:%s%s", len(platform), platform, author)
	v := binary.BigEndian.Uint64(mac.Sum(nil))
	return barometer.Pseudonym(max(v, 1)) // zero says that there is no author
}

// Rotate draws a new key and replaces the old one on disk.
func (p *Pseudonymiser) Rotate() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, err := drawKey(p.key.Load().ID + 1)
	if err == nil {
		err = writeKey(p.path, key, false)
	}
	if err != nil {
		return fmt.Errorf("rotate pseudonym key: %w", err)
	}
	p.key.Store(key)
	return nil
}

// RotateAfter rotates when the key is older than period at the time now, and reports whether it did. A period of zero
// never rotates.
func (p *Pseudonymiser) RotateAfter(period time.Duration, now time.Time) (bool, error) {
	if period <= 0 || now.Sub(p.key.Load().Created) < period {
		return false, nil
	}
	return true, p.Rotate()
}

func drawKey(id uint32) (*keyFile, error) {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return &keyFile{ID: id, Created: time.Now().UTC(), Secret: hex.EncodeToString(secret), secret: secret}, nil
}

func readKey(path string) (*keyFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, barometer.Errorf(barometer.Invalid, "%s is readable by others (mode %04o): set it to 0600", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := decodeKey(raw)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "%s: %w; restore it from a backup, or delete it to begin with new pseudonyms", path, err)
	}
	return key, nil
}

func decodeKey(raw []byte) (*keyFile, error) {
	var k keyFile
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, errors.New("not a key file") // the decoder's error could quote the secret
	}
	secret, err := hex.DecodeString(k.Secret)
	if err != nil || len(secret) != sha256.Size || k.ID == 0 {
		return nil, errors.New("not a complete key")
	}
	k.secret = secret
	return &k, nil
}

// writeKey makes the file whole or not at all. With fresh set it never replaces one that is there.
func writeKey(path string, k *keyFile, fresh bool) (err error) {
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".pseudonym-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreGone(os.Remove(f.Name()))) }()
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if fresh {
		return os.Link(f.Name(), path)
	}
	return os.Rename(f.Name(), path)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
