package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestPagesOfIssues(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{}, held)
	for path, says := range map[string][]string{
		"/o/marram":                     {"Unsettled", "93<span", "rising", "ward 6 lift, stuck", "observed 23, expected 4.1", "Alert"},
		"/o/marram/issues":              {"Resolved in the last 90 days", "strike ballot", "Of 12 judged, 83% were true"},
		"/o/marram/issues/a17e00c4b2d9": {"23 different authors wrote “lift”, where 4.1 would be ordinary", "4,120 terms", "deleted at its source", "once in 310 million times"},
		"/o/marram/issues/a17e00c4b2d9?at=2026-11-19T08:00:00Z": {"As it was known on", ">8<"},
		"/o/kelo":        {"No reading yet", "Nothing has been heard yet."},
		"/o/kelo/issues": {"No issue yet: nothing has been heard yet"},
	} {
		w := ask(s, path, "Accept", "text/html")
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		for _, words := range says {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s does not say %q", path, words)
			}
		}
	}
}
