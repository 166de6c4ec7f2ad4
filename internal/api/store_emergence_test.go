package api

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/store"
	"barometer/internal/testkit"
)

// TestEmergenceOnTheRealStore takes readings, issues and judgements through ClickHouse: what is written is what is told,
// now and as it was known then, and what is deleted is gone from everything.
func TestEmergenceOnTheRealStore(t *testing.T) {
	db := testkit.ClickHouse(t)
	st, err := store.Open(store.Config{Addr: db.Addr, User: db.User, Password: db.Password, Database: db.Name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	writer := startWriter(t, st)
	write := func(mentions ...barometer.Analysed) {
		t.Helper()
		durable := make(chan error, 1)
		if err := writer.Write(t.Context(), mentions, func(err error) { durable <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-durable; err != nil {
			t.Fatal(err)
		}
	}
	var mentions []barometer.Analysed
	for i := range 40 {
		mentions = append(mentions, held.rows[i].Analysed)
	}
	write(mentions...)
	var bundles []barometer.Evidence
	for _, b := range held.bundles {
		bundles = append(bundles, b)
	}
	for range 2 { // a tick that is computed again changes nothing
		for doing, err := range map[string]error{
			"readings": st.WriteReadings(t.Context(), held.readings), "issues": st.WriteIssues(t.Context(), held.known), "evidence": st.WriteEvidence(t.Context(), bundles),
		} {
			if err != nil {
				t.Fatalf("%s: %v", doing, err)
			}
		}
	}
	s, err := New(Config{CacheFor: -1}, Deps{
		Store:         st,
		Organisations: func() []barometer.Organisation { return []barometer.Organisation{marram, kelo} },
		Concerns:      func() []barometer.Concern { return taxonomy },
		Log:           slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return fixedNow }
	fake := newServer(t, Config{CacheFor: -1}, held)

	// The real store and the slices of the test tell the same.
	const org = "/v1/organisations/marram"
	const issue = org + "/issues/a17e00c4b2d9"
	for _, path := range []string{
		org + "/reading", org + "/reading?at=2026-11-01T00:30:00Z", org + "/readings?format=csv", org + "/issues", org + "/issues?at=2026-11-19T06:00:00Z",
		org + "/issues?state=resolved", org + "/feed.atom", org + "/feed.json", "/v1/organisations/kelo/issues",
	} {
		held.verdicts = nil
		if got, want := ask(s, path), ask(fake, path); got.Code != http.StatusOK || got.Body.String() != want.Body.String() {
			t.Errorf("%s: %d\ngot  %.600s\nwant %.600s", path, got.Code, got.Body, want.Body)
		}
	}
	then, now := decode[IssueBody](t, ask(s, issue+"?at=2026-11-19T06:00:00Z")), decode[IssueBody](t, ask(s, issue))
	if then.Posts != 9 || then.Tier != "watch" || len(then.Transitions) != 1 || now.Posts != 21 || now.State != "rising" || len(now.Transitions) != 3 {
		t.Errorf("then %d posts %s, now %d posts %s", then.Posts, then.Tier, now.Posts, now.State)
	}
	if p := now.Representative; len(p) != 5 || p[0].Text != held.rows[0].Text || !p[4].Deleted || p[4].Text != "" {
		t.Errorf("representative posts %+v", p)
	}

	// People's judgements.
	if w := send(s, issue+"/verdict", "application/json", `{"verdict":"true","reason":"Estates confirmed it."}`); w.Code != http.StatusOK {
		t.Fatalf("verdict: %d %s", w.Code, w.Body)
	}
	tiers := decode[struct{ Tiers []barometer.Precision }](t, ask(s, org+"/precision")).Tiers
	if tiers[0].Judged != 1 || tiers[0].True != 1 || tiers[0].Low < .2 || tiers[0].Low > .21 {
		t.Errorf("precision %+v", tiers)
	}
	mention := org + "/mentions/" + held.rows[0].ID.String()
	for _, body := range []string{`{"field":"sentiment","value":"positive"}`, `{"field":"lang","value":"en"}`} {
		if w := send(s, mention+"/corrections", "application/json", body); w.Code != http.StatusOK {
			t.Fatalf("correction: %d %s", w.Code, w.Body)
		}
	}
	if m := decode[Mention](t, ask(s, mention)); len(m.Corrections) != 2 || m.Corrections[1].Value != "positive" || m.Sentiment.Label != held.rows[0].Sentiment.Label {
		t.Errorf("corrections %+v", m.Corrections)
	}
	lines := ask(s, org+"/corrections?format=jsonl").Body.String()
	if strings.Count(lines, "\n") != 1 || !strings.Contains(lines, `"lang":"en","sentiment":"positive"`) || !strings.Contains(lines, held.rows[0].Text[:20]) {
		t.Errorf("labelled: %s", lines)
	}
	fields := decode[struct{ Fields []barometer.Agreement }](t, ask(s, org+"/agreement")).Fields
	if len(fields) != 2 || fields[0].Field != "lang" || fields[0].Agreed != 1 || fields[1].Agreed != 0 {
		t.Errorf("agreement %+v", fields)
	}
	pages := []string{"/o/marram", "/o/marram/issues", "/o/marram/issues/a17e00c4b2d9", "/o/marram/issues/c3d00d1e0002", "/o/marram/mentions/" + held.rows[0].ID.String(), "/o/kelo"}
	for _, path := range pages {
		if w := ask(s, path, "Accept", "text/html"); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}

	// What is deleted there is deleted here.
	gone := held.rows[0].Analysed
	gone.Deleted = true
	write(gone)
	if left := representativeText(t, s, issue, held.rows[0].ID); left != "" {
		t.Errorf("the issue still shows a deleted post: %s", left)
	}
	if w := ask(s, mention); w.Code != http.StatusNotFound {
		t.Errorf("the deleted mention: %d", w.Code)
	}
	if lines := ask(s, org+"/corrections?format=jsonl").Body.String(); lines != "" {
		t.Errorf("labels of a deleted mention: %s", lines)
	}
}

// representativeText is what an issue shows of a post.
func representativeText(t *testing.T, s *Server, issue string, id barometer.ID) string {
	t.Helper()
	for _, p := range decode[IssueBody](t, ask(s, issue)).Representative {
		if p.ID == id {
			return p.Title + p.Text + p.URL
		}
	}
	return ""
}
