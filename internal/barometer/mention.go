package barometer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Partitions is the fixed number of shares that mentions are split into by their id. It is part of the stream's
// subjects: changing it needs a drained stream.
const Partitions = 8

// ID identifies a post for ever: it is derived from the source's identity space and the native id, never drawn, so a
// retry, a second delivery or a second import gives the same id.
type ID [16]byte

// DeriveID returns the id of the post that the platform or feed `space` calls `native`. The space is where native ids
// are unique (a platform such as "x" or "bluesky", or the URL of a feed), not the configured source: two sources that
// hear the same platform post give one id.
func DeriveID(space, native string) ID {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d:%s%s", len(space), space, native)
	var id ID
	copy(id[:], h.Sum(nil))
	return id
}

// ParseID reads the 32 hexadecimal digits that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, Errorf(Invalid, "mention id %q: want 32 hexadecimal digits", s)
	}
	copy(id[:], b)
	return id, nil
}

// String returns the id as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Partition returns the share, 0 to Partitions-1, that the mention belongs to.
func (id ID) Partition() int {
	return int(id[len(id)-1]) % Partitions // ids are uniform: they come from a cryptographic hash
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	*id = v
	return err
}

// DateQuality says how far a post's time can be trusted.
type DateQuality string

// The qualities of a date, best first.
const (
	DateExact   DateQuality = "exact"   // the platform's own, unchangeable creation time
	DateStated  DateQuality = "stated"  // what a feed says; may be edited later
	DateBounded DateQuality = "bounded" // absurd as stated, moved to the nearest believable time
	DateSeen    DateQuality = "seen"    // not stated: the time we first saw the post
)

// Post is one public text as a source delivered it. It may hold personal data and therefore never leaves the process
// that received it: the gate turns it into a Mention.
type Post struct {
	ID          ID          // derived from space and native id
	Source      string      // id of the configured source
	Kind        string      // the source's kind: "feed", "archive", ...
	Space       string      // where NativeID, RepostOf and AuthorID are unique: DeriveID(Space, NativeID) == ID
	NativeID    string      // the platform's own id, for logs of counts and for deletion; never stored unhashed
	URL         string      // address of the post, as given
	Site        string      // host name of the site it stands on, lower case, without "www."
	Title       string      // plain text
	Text        string      // plain text (no mark-up)
	Lang        string      // language as declared, ISO 639-1, or ""
	AuthorID    string      // stable id or handle on the platform; pseudonymised at the gate
	AuthorName  string      // display name; used for redaction, then dropped
	About       string      // the organisation an archive says the post was collected for, or ""
	RepostOf    string      // native id of the post that this one repeats (retweet, boost), or ""
	PublishedAt time.Time   // UTC
	DateQuality DateQuality //
	SeenAt      time.Time   // UTC, when this process received it
	Deleted     bool        // the platform says that the post is gone: only ID and Source count
}

// Span is a half-open range of characters (Unicode code points) in a text.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Redaction says what kind of identifier was removed where. The span counts characters of the original text; the
// value itself is gone.
type Redaction struct {
	Kind  string `json:"kind"`            // "email", "phone", "nhs_number", ...
	Field string `json:"field,omitempty"` // "title", or "" for the text
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Hit is a place in the redacted title or text where a term of an organisation's query matched, for highlighting.
type Hit struct {
	Term  string `json:"term"`
	Field string `json:"field,omitempty"` // "title", or "" for the text
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Match says that a post mentions an organisation, and by which terms.
type Match struct {
	Organisation string `json:"organisation"` // id of the organisation
	Hits         []Hit  `json:"hits,omitempty"`
}

// Mention is a post that matched at least one organisation, after the gate: its author is a pseudonym and identifiers
// are redacted. It is what the stream carries.
type Mention struct {
	ID          ID          `json:"id"`
	Source      string      `json:"source"`
	Kind        string      `json:"kind"`
	URL         string      `json:"url,omitempty"` // canonical
	Site        string      `json:"site,omitempty"`
	Title       string      `json:"title,omitempty"`         // redacted
	Text        string      `json:"text"`                    // redacted
	Lang        string      `json:"declared_lang,omitempty"` // a prior for the analysis
	Author      Pseudonym   `json:"author,omitempty"`
	RepostOf    string      `json:"repost_of,omitempty"` // ID of the repeated post, as hexadecimal digits
	PublishedAt time.Time   `json:"published_at"`
	DateQuality DateQuality `json:"date_quality"`
	SeenAt      time.Time   `json:"seen_at"`
	Matches     []Match     `json:"matches,omitempty"`
	Redactions  []Redaction `json:"redactions,omitempty"`
	Deleted     bool        `json:"deleted,omitempty"` // a tombstone: remove every row of ID
}

// Pseudonym is a keyed hash of an author's identity on one platform, 8 bytes, or zero where the source names no author.
type Pseudonym uint64

// String returns the pseudonym as 16 hexadecimal digits, or "" for none.
func (p Pseudonym) String() string {
	if p == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(p))
}

// MarshalJSON writes the pseudonym as a string: JSON numbers lose bits past 53.
func (p Pseudonym) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Pseudonym) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("pseudonym: %w", err)
	}
	*p = 0
	if s == "" {
		return nil
	}
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != 8 {
		return Errorf(Invalid, "pseudonym: want 16 hexadecimal digits")
	}
	for _, c := range raw {
		*p = *p<<8 | Pseudonym(c)
	}
	return nil
}

// Check reports the first invariant that the mention breaks, as an error of kind Invalid.
func (m *Mention) Check() error {
	switch {
	case m.ID == ID{}:
		return Errorf(Invalid, "mention without an id")
	case m.Source == "":
		return Errorf(Invalid, "mention %s without a source", m.ID)
	case m.Deleted:
		return nil
	case len(m.Matches) == 0:
		return Errorf(Invalid, "mention %s matches no organisation", m.ID)
	case m.PublishedAt.IsZero():
		return Errorf(Invalid, "mention %s without a time", m.ID)
	}
	return nil
}
