package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// call runs a command line and returns its exit code and what it wrote.
func call(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(t.Context(), IO{In: strings.NewReader(in), Out: &o, Err: &e}, args)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"", 2, "usage"},
		{"help", 0, "annotate"},
		{"annotat", 2, `no command "annotat"`},
		{"annotate --nope", 2, "usage: barometer annotate"},
		{"annotate --help", 0, "usage: barometer annotate"},
		{"annotate extra", 2, "unexpected argument"},
		{"check --config /nonexistent.yaml", 1, "nonexistent"},
		{"import", 2, "at least one file"},
		{"ingest", 1, "nats.url"},
		{"query explain", 2, "expression"},
	} {
		if code, _, errs := call(t, "", strings.Fields(c.args)...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("barometer %s: exit %d and %q, want %d and %q", c.args, code, errs, c.code, c.says)
		}
	}
}

func TestAnnotateKeepsOrderAndGivesEveryField(t *testing.T) {
	var in strings.Builder
	const n = 1000
	for i := range n {
		fmt.Fprintf(&in, `{"id":%d,"text":"We waited %d hours in A&E, dreadful. Ring 07700 900123."}`+"\n", i, i)
	}
	code, out, errs := call(t, in.String(), "annotate")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines for %d posts", len(lines), n)
	}
	for i, line := range lines {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got["id"] != float64(i) {
			t.Fatalf("line %d has id %v", i+1, got["id"])
		}
		if strings.Contains(line, "900123") {
			t.Fatalf("the telephone number is still there: %s", line)
		}
		for _, field := range []string{"text", "lang", "lang_confidence", "sentiment", "concerns", "severity", "abuse", "redactions", "copy_group", "pipeline"} {
			if _, ok := got[field]; !ok {
				t.Fatalf("line %d has no %s: %s", i+1, field, line)
			}
		}
		s := got["sentiment"].(map[string]any)
		if sum := s["negative"].(float64) + s["neutral"].(float64) + s["positive"].(float64); sum < .999 || sum > 1.001 {
			t.Fatalf("probabilities sum to %v", sum)
		}
	}
}

func TestAnnotateAnswersWhatCameBeforeABadLine(t *testing.T) {
	code, out, errs := call(t, "{\"id\":\"a\",\"text\":\"fine\"}\n{\"id\":\"b\",\n", "annotate")
	if code != 1 || !strings.Contains(out, `"id":"a"`) || !strings.Contains(errs, "line 2") {
		t.Errorf("exit %d, out %q, err %q", code, out, errs)
	}
	if code, _, errs := call(t, `{"text":"no id"}`, "annotate"); code != 1 || !strings.Contains(errs, "line 1: has no id") {
		t.Errorf("without an id: exit %d, %q", code, errs)
	}
}

func TestAnnotateStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o, e bytes.Buffer
	if code := Main(ctx, IO{In: strings.NewReader(`{"id":1,"text":"x"}`), Out: &o, Err: &e}, []string{"annotate"}); code != 1 {
		t.Errorf("exit %d after an interruption", code)
	}
}

func TestQueryCommands(t *testing.T) {
	if code, out, errs := call(t, "", "query", "explain", "parking AND (fine* OR charge*)"); code != 0 || !strings.Contains(out, "parking") {
		t.Errorf("explain: exit %d, %q, %q", code, out, errs)
	}
	if code, _, errs := call(t, "", "query", "explain", "parking AND ("); code != 1 || !strings.Contains(errs, "^") {
		t.Errorf("a mistake is not pointed at: %q", errs)
	}
	if code, _, errs := call(t, "", "query", "explain", `"Jane Smith"`); code != 1 || !strings.Contains(errs, "person") {
		t.Errorf("a person's name: exit %d, %q", code, errs)
	}
	in := `{"id":"a","text":"the Parking fine"}` + "\n" + `{"id":"b","text":"no such thing"}` + "\n"
	code, out, errs := call(t, in, "query", "match", "parking")
	if code != 0 || out != `{"id":"a","text":"the Parking fine","hits":[{"term":"parking","start":4,"end":11}]}`+"\n" {
		t.Errorf("match: exit %d, %q, %q", code, out, errs)
	}
}
