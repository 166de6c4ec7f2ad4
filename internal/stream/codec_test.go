package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
)

// fullMention has every field set.
func fullMention(n int) barometer.Mention {
	return barometer.Mention{
		ID: barometer.DeriveID("example", fmt.Sprint(n)), Source: "demo/feed", Kind: "feed", URL: "https://example.org/?a=1&b=<2>", Site: "example.org",
		Title: "Wartezeiten in der Notaufnahme", Text: "Ääkköset, emoji 🏥 and \"quotes\"\n\u2028 waited 4 hours", Lang: "fi",
		Author: barometer.Pseudonym(1<<63 + uint64(n)), RepostOf: barometer.DeriveID("example", "x").String(),
		PublishedAt: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC), DateQuality: barometer.DateStated, SeenAt: time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC),
		Matches: []barometer.Match{
			{Organisation: "northmere", Hits: []barometer.Hit{{Term: "waiting", Field: "title", Start: 0, End: 7}, {Term: "hours", Start: 50, End: 55}}},
			{Organisation: "other"},
		},
		Redactions: []barometer.Redaction{{Kind: "email", Start: 3, End: 9}},
	}
}

func tombstone() barometer.Mention {
	return barometer.Mention{ID: barometer.DeriveID("example", "gone"), Source: "demo", Deleted: true}
}

func fullHealth() barometer.SourceHealth {
	return barometer.SourceHealth{Source: "demo", Kind: "feed", Name: "Demo", At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), State: barometer.SourceBlind,
		Reason: "timed out", Posts: 3, Mentions: 2, Expected: 4.5, Latency: 1500 * time.Millisecond, LastPostAt: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)}
}

func TestMentionsSurviveTheWire(t *testing.T) {
	want := []barometer.Mention{fullMention(1), fullMention(2), tombstone()}
	msg, err := encode("s", schemaMentions, mentionsEvent{want})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeMentions(msg.Header, msg.Data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	again, _ := encode("s", schemaMentions, mentionsEvent{want})
	other, _ := encode("s", schemaMentions, mentionsEvent{want[:2]})
	if id := msg.Header.Get(nats.MsgIdHdr); id != again.Header.Get(nats.MsgIdHdr) || id == other.Header.Get(nats.MsgIdHdr) {
		t.Error("message ids must be equal for equal content alone")
	}
}

func TestHealthSurvivesTheWire(t *testing.T) {
	want := []barometer.SourceHealth{fullHealth(), {Source: "new", State: barometer.SourceWaiting}}
	msg, err := encode("s", schemaHealth, healthEvent{want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeHealth(msg.Header, msg.Data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBrokenUnicodeBecomesReadable(t *testing.T) {
	m := fullMention(1)
	m.Text = "broken \xff byte"
	msg, err := encode("s", schemaMentions, mentionsEvent{[]barometer.Mention{m}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeMentions(msg.Header, msg.Data)
	if err != nil || got[0].Text != "broken \ufffd byte" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEventsAreAsTheirSchemasSay(t *testing.T) {
	for _, test := range []struct {
		schema string
		event  any
	}{
		{schemaMentions, mentionsEvent{[]barometer.Mention{fullMention(1), tombstone()}}},
		{schemaHealth, healthEvent{[]barometer.SourceHealth{fullHealth()}}},
	} {
		resolved := loadSchema(t, test.schema)
		msg, err := encode("s", test.schema, test.event)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := unpack(msg.Header.Get(headerEncoding), msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		var instance any
		if err := json.Unmarshal(raw, &instance); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(instance); err != nil {
			t.Errorf("%s: %v", test.schema, err)
		}
		if bytes.Contains(raw, []byte(`\u003c`)) {
			t.Errorf("%s: HTML is escaped, which only costs bytes", test.schema)
		}
	}
}

// The schema must describe every field that the types have, and refuse what the reader refuses.
func TestSchemasAreComplete(t *testing.T) {
	for schema, item := range map[string]any{schemaMentions: fullMention(1), schemaHealth: fullHealth()} {
		b, err := os.ReadFile("../../schemas/events/" + schema + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Properties map[string]struct {
				Items struct{ Properties map[string]any }
			}
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		described := doc.Properties[strings.TrimSuffix(schema, ".v1")].Items.Properties
		typ := reflect.TypeOf(item)
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if described[name] == nil {
				t.Errorf("%s does not describe %q", schema, name)
			}
		}
		if len(described) != typ.NumField() {
			t.Errorf("%s describes %d fields, the type has %d", schema, len(described), typ.NumField())
		}
	}
	resolved := loadSchema(t, schemaMentions)
	for name, text := range map[string]string{
		"no matches": `{"mentions":[{"id":"` + strings.Repeat("a", 32) + `","source":"s","kind":"k","text":"","published_at":"2026-01-01T00:00:00Z","date_quality":"exact","seen_at":"2026-01-01T00:00:00Z"}]}`,
		"bad id":     `{"mentions":[{"id":"12"}]}`,
		"empty":      `{"mentions":[]}`,
	} {
		var instance any
		if err := json.Unmarshal([]byte(text), &instance); err != nil {
			t.Fatal(err)
		}
		if resolved.Validate(instance) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

func loadSchema(t *testing.T, name string) *jsonschema.Resolved {
	t.Helper()
	b, err := os.ReadFile("../../schemas/events/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func TestDecodingRefusesWithinBounds(t *testing.T) {
	bomb := s2.Encode(nil, bytes.Repeat([]byte(" "), maxDecodedBytes+1))
	for name, test := range map[string]struct {
		schema, encoding string
		data             []byte
	}{
		"no schema":        {"", encodingS2, nil},
		"newer schema":     {"mentions.v2", encodingS2, s2.Encode(nil, []byte(`{"mentions":[]}`))},
		"unknown encoding": {schemaMentions, "br", []byte("x")},
		"not compressed":   {schemaMentions, encodingS2, []byte("{}")},
		"bomb":             {schemaMentions, encodingS2, bomb},
		"not JSON":         {schemaMentions, "", []byte("{")},
		"no mention":       {schemaMentions, "", []byte(`{"mentions":[]}`)},
		"broken invariant": {schemaMentions, "", []byte(`{"mentions":[{"id":"` + strings.Repeat("a", 32) + `","source":"s","text":"secret words"}]}`)},
	} {
		header := nats.Header{headerSchema: {test.schema}, headerEncoding: {test.encoding}}
		got, err := decodeMentions(header, test.data)
		if barometer.KindOf(err) != barometer.Invalid || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret words") {
			t.Errorf("%s: the error repeats the text: %v", name, err)
		}
	}
}

func TestCursorKeysDiffer(t *testing.T) {
	seen := make(map[string]string)
	for _, source := range []string{"", "a", "A", "a.b", "a/b", "a=2eb", "a b", "ä", "https://example.org/feed?x=1", "_a"} {
		key := cursorKey(source)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q share the key %s", source, other, key)
		}
		seen[key] = source
	}
}

func FuzzDecode(f *testing.F) {
	msg, err := encode("s", schemaMentions, mentionsEvent{[]barometer.Mention{fullMention(1), tombstone()}})
	if err != nil {
		f.Fatal(err)
	}
	raw, _ := unpack(encodingS2, msg.Data)
	f.Add(true, msg.Data)
	f.Add(false, raw)
	health, _ := encode("s", schemaHealth, healthEvent{[]barometer.SourceHealth{fullHealth()}})
	f.Add(true, health.Data)
	f.Add(true, s2.Encode(nil, bytes.Repeat([]byte{0}, 1000)))
	f.Add(false, []byte(`{"mentions":[{"id":null}]}`))
	f.Fuzz(func(t *testing.T, compressed bool, data []byte) {
		header := nats.Header{headerSchema: {schemaMentions}}
		if compressed {
			header.Set(headerEncoding, encodingS2)
		}
		mentions, err := decodeMentions(header, data)
		if err != nil {
			if barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("kind %v of %v", barometer.KindOf(err), err)
			}
		} else { // what was read once must be written and read again unchanged
			again, err := encode("s", schemaMentions, mentionsEvent{mentions})
			if err != nil {
				t.Fatal(err)
			}
			back, err := decodeMentions(again.Header, again.Data)
			if err != nil || !reflect.DeepEqual(back, mentions) {
				t.Errorf("%+v came back as %+v, %v", mentions, back, err)
			}
		}
		header.Set(headerSchema, schemaHealth)
		if _, err := decodeHealth(header, data); err != nil && barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("kind %v of %v", barometer.KindOf(err), err)
		}
	})
}

// BenchmarkEncode and BenchmarkDecode isolate the format: 100 mentions, no engine.
func BenchmarkEncode(b *testing.B) {
	event := benchEvent()
	size := 0
	for b.Loop() {
		msg, err := encode("s", schemaMentions, event)
		if err != nil {
			b.Fatal(err)
		}
		size = len(msg.Data)
	}
	b.ReportMetric(float64(size)/100, "bytes/mention")
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "mentions/s")
}

func BenchmarkDecode(b *testing.B) {
	msg, err := encode("s", schemaMentions, benchEvent())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := decodeMentions(msg.Header, msg.Data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "mentions/s")
}

func benchEvent() mentionsEvent {
	var event mentionsEvent
	for i := range 100 {
		m := fullMention(i)
		m.Text = fmt.Sprintf("Waited %d hours with my mother, bed %d, and %x told us nothing at all about it", i%7, i*31, i*7919)
		event.Mentions = append(event.Mentions, m)
	}
	return event
}
