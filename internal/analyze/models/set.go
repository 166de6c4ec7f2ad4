package models

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

//go:embed weights/*.model
var shipped embed.FS

// Set is all models together. It does not change after loading and is safe for concurrent use.
type Set struct {
	Version  string             // hash of all weights
	Language *Linear            // classes are ISO 639-1 codes, or "other"
	Gate     *Linear            // English: class 1 is a patient's comment, class 0 anything else
	Sentence map[string]*Linear // sentiment by head: a language, "en.comments", or "any"
	Abuse    map[string]*Linear // by language, or "any"; class 1 is abuse
	Themes   *Linear            // NHS patient-experience themes, independent classes
}

// Load returns the models that are part of the program. The work is done once.
var Load = sync.OnceValues(read)

func read() (*Set, error) {
	sub, err := fs.Sub(shipped, "weights")
	if err != nil {
		return nil, fmt.Errorf("load models: %w", err)
	}
	return Read(sub)
}

// Read reads a set of models from a directory as training writes it.
func Read(dir fs.FS) (*Set, error) {
	s := &Set{Sentence: map[string]*Linear{}, Abuse: map[string]*Linear{}}
	hash := sha256.New()
	names, err := fs.Glob(dir, "*.model") // in name order
	if err != nil {
		return nil, fmt.Errorf("load models: %w", err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("load models: %w", err)
		}
		_, _ = hash.Write(b)
		m, err := Decode(b)
		if err != nil {
			return nil, fmt.Errorf("load models: %s: %w", name, err)
		}
		kind, head, _ := strings.Cut(strings.TrimSuffix(name, ".model"), ".")
		switch kind {
		case "language":
			s.Language = m
		case "gate":
			s.Gate = m
		case "sentiment":
			s.Sentence[head] = m
		case "abuse":
			s.Abuse[head] = m
		case "themes":
			s.Themes = m
		default:
			return nil, fmt.Errorf("load models: %s: unknown kind of model", name)
		}
	}
	s.Version = hex.EncodeToString(hash.Sum(nil)[:6])
	return s, s.check()
}

func (s *Set) check() error {
	if s.Language == nil || s.Gate == nil || s.Themes == nil || s.Sentence["any"] == nil || s.Sentence["en"] == nil ||
		s.Sentence["en.comments"] == nil || s.Abuse["en"] == nil || s.Abuse["any"] == nil {
		return errors.New("load models: the set is not complete")
	}
	for head, m := range s.Sentence {
		if m.Classes != 3 {
			return fmt.Errorf("load models: sentiment.%s has %d classes", head, m.Classes)
		}
	}
	if len(s.Language.Labels) != s.Language.Classes || len(s.Themes.Labels) != s.Themes.Classes {
		return errors.New("load models: classes without labels")
	}
	return nil
}
