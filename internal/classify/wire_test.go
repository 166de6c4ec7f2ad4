package classify

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"barometer/internal/barometer"
)

// schema returns a check of messages against a published schema.
func schema(tb testing.TB, name string) func(b []byte) error {
	tb.Helper()
	b, err := os.ReadFile("../../schemas/events/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		tb.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return func(b []byte) error {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return err
		}
		return r.Validate(v)
	}
}

func TestMessagesKeepTheirSchemas(t *testing.T) {
	b, err := Request{Docs: []Doc{{Title: "A & B", Text: "<wait>", Lang: "en"}, {Text: ""}}, WithinMS: 1500}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "classify.request.v1")(b); err != nil {
		t.Errorf("request: %v", err)
	}
	if want := `{"docs":[{"title":"A & B","text":"<wait>","lang":"en"},{"text":""}],"within_ms":1500}`; string(b) != want {
		t.Errorf("request %s\nwant    %s", b, want)
	}
	b, err = json.Marshal(Reply{Model: "clinic", Version: "0a1b", Dists: []Dist{{0.5, 0.25, 0.25}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "classify.reply.v1")(b); err != nil {
		t.Errorf("reply: %v", err)
	}
}

func TestLongTextsAreCutBetweenCharacters(t *testing.T) {
	b, err := Request{Docs: []Doc{{Text: "x" + strings.Repeat("ä", maxText)}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := DecodeRequest(b)
	if err != nil {
		t.Fatal(err)
	}
	if text := r.Docs[0].Text; len(text) != maxText-1 || !utf8.ValidString(text) {
		t.Errorf("%d bytes, valid %t; want %d, true", len(text), utf8.ValidString(text), maxText-1)
	}
}

// replies are seeds: what plug-ins might answer to a question about two posts, and whether it is right.
var replies = map[string]bool{
	`{"model":"m","version":"1","dists":[{"negative":1,"neutral":0,"positive":0},{"negative":0.333,"neutral":0.333,"positive":0.333}]}`: true,
	`{"model":"m","version":"1","dists":[{"negative":1,"neutral":0,"positive":0}]}`:                                                     false,
	`{"model":"m","version":"1","dists":[{"negative":1,"neutral":1,"positive":0},{"negative":1}]}`:                                      false,
	`{"model":"m","version":"1","dists":[{"negative":1.5,"neutral":-0.5,"positive":0},{"negative":1}]}`:                                 false,
	`{"model":"m","version":"1","dists":[{"negative":1e38,"neutral":1e39},{"negative":1}]}`:                                             false,
	`{"model":"a b","version":"1","dists":[{"negative":1},{"negative":1}]}`:                                                             false,
	`{"model":"m","version":"","dists":[{"negative":1},{"negative":1}]}`:                                                                false,
	`{"model":"m","version":"1","dists":null}`:                                                                                          false,
	`[]`: false,
	``:   false,
}

func TestRepliesAreChecked(t *testing.T) {
	for s, right := range replies {
		_, err := decodeReply([]byte(s), 2)
		if right != (err == nil) || err != nil && barometer.KindOf(err) != barometer.Unavailable {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := decodeReply(make([]byte, maxReply+1), 2); err == nil {
		t.Error("an endless reply was taken")
	}
}

func FuzzDecodeReply(f *testing.F) {
	for s := range replies {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeReply(b, 2)
		if err != nil {
			return
		}
		for _, d := range r.Dists {
			if sum := d.Negative + d.Neutral + d.Positive; !(d.Negative >= 0 && d.Neutral >= 0 && d.Positive >= 0 && sum > 0.9999 && sum < 1.0001) {
				t.Errorf("%q gave %+v", b, d)
			}
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"docs":[{"text":"a"}],"within_ms":5}`))
	f.Add([]byte(`{"docs":[]}`))
	f.Add([]byte(`{"docs":[{}],"within_ms":-1}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRequest(b)
		if err != nil {
			if barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("kind of %v", err)
			}
			return
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRequest(again)
		if err != nil || len(back.Docs) != len(r.Docs) || back.WithinMS != r.WithinMS {
			t.Errorf("%q became %q: %v", b, again, err)
		}
	})
}
