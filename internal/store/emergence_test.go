package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func reading(at time.Time, pressure float64) barometer.Reading {
	return barometer.Reading{
		Organisation: "trust", At: at, Pressure: pressure, Low: pressure - 5, High: pressure + 3, Tendency: "rising", Word: "unsettled",
		Coverage: .87, Posts: 40, Negative: 21, Severe: 3, Expected: 9.1, Days: 31,
	}
}

func TestReadingsAreKnownAsTheyWereThen(t *testing.T) {
	s := open(t)
	first, second := reading(monday, 40), reading(monday.Add(time.Hour), 91)
	blind := barometer.Reading{Organisation: "trust", At: monday.Add(2 * time.Hour), Word: "blind", Blind: true, Pressure: 55, Tendency: "steady"}
	parking := reading(monday, 77)
	parking.Scope = "concern:parking"
	for range 2 { // a tick that is repeated changes nothing
		if err := s.WriteReadings(t.Context(), []barometer.Reading{first, second, blind, parking}); err != nil {
			t.Fatal(inFull(err))
		}
	}
	all, err := s.Readings(t.Context(), "trust", "", monday, monday.Add(3*time.Hour))
	if err != nil || len(all) != 3 || all[0] != first || all[1] != second {
		t.Fatalf("readings %+v, %v", all, inFull(err))
	}
	if b := all[2]; !b.Blind || b.Pressure != 0 {
		t.Errorf("a blind reading has a pressure: %+v", b)
	}
	for at, want := range map[time.Time]barometer.Reading{
		monday: first, monday.Add(time.Hour - time.Second): first, monday.Add(90 * time.Minute): second, {}: all[2],
	} {
		if got, err := s.ReadingAt(t.Context(), "trust", "", at); err != nil || got != want {
			t.Errorf("at %v: %+v, %v", at, got, err)
		}
	}
	if got, err := s.ReadingAt(t.Context(), "trust", "concern:parking", time.Time{}); err != nil || got != parking {
		t.Errorf("parking: %+v, %v", got, err)
	}
	if _, err := s.ReadingAt(t.Context(), "trust", "", monday.Add(-time.Second)); barometer.KindOf(err) != barometer.NotFound {
		t.Errorf("before the first: %v", err)
	}
	if fresh, err := s.NewReadings(t.Context(), "trust", time.Now().Add(-time.Minute), 10); err != nil || len(fresh) != 3 {
		t.Errorf("%d new readings, %v", len(fresh), err)
	}
	if err := s.WriteReadings(t.Context(), []barometer.Reading{reading(monday, 140)}); err == nil {
		t.Error("a pressure of 140 is stored")
	}
}

// issue is an issue of the organisation "trust" with two representative posts.
func issue(at time.Time, state, tier string, posts uint32, shown ...barometer.Analysed) barometer.IssueRecord {
	type ref struct {
		ID    barometer.ID `json:"id"`
		At    time.Time    `json:"at"`
		URL   string       `json:"url"`
		Title string       `json:"title"`
		Text  string       `json:"text"`
	}
	refs := []ref{}
	for _, m := range shown {
		refs = append(refs, ref{m.ID, m.PublishedAt, m.URL, m.Title, m.Text})
	}
	detail, err := json.Marshal(map[string]any{"rate": posts, "representative": refs})
	if err != nil {
		panic(err)
	}
	return barometer.IssueRecord{
		Organisation: "trust", ID: "a1", At: at, Name: "lift out of order", State: state, Tier: tier, Since: monday, Posts: posts,
		Observed: float64(posts), Expected: 1.5, P: 1e-9, Transition: true, Detail: detail,
	}
}

func TestIssuesAreKnownAsTheyWereThen(t *testing.T) {
	s := open(t)
	found := issue(monday.Add(time.Hour), "new", "watch", 5)
	moved := issue(monday.Add(2*time.Hour), "new", "watch", 9)
	moved.Transition = false
	rising := issue(monday.Add(3*time.Hour), "rising", "alert", 14)
	other := issue(monday.Add(time.Hour), "fading", "watch", 6)
	other.ID = "b2"
	for range 2 {
		for _, tick := range [][]barometer.IssueRecord{{found, other}, {moved}, {rising}} {
			if err := s.WriteIssues(t.Context(), tick); err != nil {
				t.Fatal(inFull(err))
			}
		}
	}
	for _, c := range []struct {
		at     time.Time
		states []string
		want   string
	}{
		{monday, nil, ""},
		{monday.Add(time.Hour), nil, "a1 new 5, b2 fading 6"},
		{monday.Add(150 * time.Minute), nil, "a1 new 9, b2 fading 6"},
		{time.Time{}, nil, "a1 rising 14, b2 fading 6"},
		{time.Time{}, []string{"rising", "new"}, "a1 rising 14"},
		{monday.Add(time.Hour), []string{"rising"}, ""},
	} {
		all, err := s.Issues(t.Context(), "trust", c.at, c.states)
		if err != nil {
			t.Fatal(inFull(err))
		}
		var got []string
		for _, r := range all {
			got = append(got, r.ID+" "+r.State+" "+itoa(r.Posts))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("at %v in %v: %v, want %s", c.at, c.states, got, c.want)
		}
	}
	history, err := s.IssueHistory(t.Context(), "trust", "a1", time.Time{})
	if err != nil || len(history) != 3 || history[0].Posts != 5 || history[1].Transition || history[2].State != "rising" {
		t.Errorf("history %+v, %v", history, err)
	}
	steps, err := s.Transitions(t.Context(), "trust", monday, monday.Add(24*time.Hour), 10)
	if err != nil || len(steps) != 3 || steps[0].State != "rising" {
		t.Errorf("transitions %+v, %v", steps, err)
	}
	if news, err := s.NewTransitions(t.Context(), "trust", time.Now().Add(-time.Minute), 10); err != nil || len(news) != 3 {
		t.Errorf("%d new transitions, %v", len(news), err)
	}
	then, err := s.Issue(t.Context(), "trust", "a1", monday.Add(time.Hour))
	if err != nil || then.State != "new" || !strings.Contains(string(then.Detail), `"rate":5`) {
		t.Errorf("the issue then: %s %s, %v", then.State, then.Detail, inFull(err))
	}
	now, err := s.Issue(t.Context(), "trust", "a1", time.Time{})
	if err != nil || now.State != "rising" || !strings.Contains(string(now.Detail), `"rate":14`) {
		t.Errorf("the issue now: %s %s, %v", now.State, now.Detail, inFull(err))
	}
	for _, id := range []string{"zz", ""} {
		if _, err := s.Issue(t.Context(), "trust", id, time.Time{}); barometer.KindOf(err) != barometer.NotFound {
			t.Errorf("issue %q: %v", id, err)
		}
	}
	if _, err := s.Issue(t.Context(), "kelo", "a1", time.Time{}); barometer.KindOf(err) != barometer.NotFound {
		t.Errorf("another organisation sees it: %v", err)
	}
}

func itoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// What is deleted at its source is deleted here: an issue that shows a post holds no text of its own.
func TestDeletedPostsLeaveIssuesWithoutTheirText(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	gone, stays := mention(1), mention(2)
	gone.Text, stays.Text = "A secret that was taken back", "The lift is broken"
	write(t, w, gone, stays)
	if err := s.WriteIssues(t.Context(), []barometer.IssueRecord{issue(monday.Add(4*time.Hour), "new", "watch", 2, gone, stays)}); err != nil {
		t.Fatal(inFull(err))
	}
	shown := func() string {
		t.Helper()
		r, err := s.Issue(t.Context(), "trust", "a1", time.Time{})
		if err != nil {
			t.Fatal(inFull(err))
		}
		return string(r.Detail)
	}
	if got := shown(); !strings.Contains(got, gone.Text) || !strings.Contains(got, stays.Text) || strings.Contains(got, "deleted") {
		t.Errorf("before: %s", got)
	}
	tomb := gone
	tomb.Deleted = true
	write(t, w, tomb)
	if got := shown(); strings.Contains(got, gone.Text) || !strings.Contains(got, stays.Text) || !strings.Contains(got, `"deleted":true`) {
		t.Errorf("after: %s", got)
	}
	var held uint64
	if err := s.db.QueryRow(t.Context(), "SELECT countIf(position(detail, 'secret') > 0) FROM issue_details").Scan(&held); err != nil || held > 0 {
		t.Errorf("%d details hold the deleted text, %v", held, err)
	}
}

func TestEvidenceIsKeptBitForBit(t *testing.T) {
	s := open(t)
	body := []byte(`{"terms":[ {"term":"lift","p":1e-09} ],"é":"\u00e9"}`)
	sum := sha256.Sum256(body)
	e := barometer.Evidence{Address: hex.EncodeToString(sum[:]), Organisation: "trust", Issue: "a1", At: monday, Body: body}
	for range 2 {
		if err := s.WriteEvidence(t.Context(), []barometer.Evidence{e}); err != nil {
			t.Fatal(inFull(err))
		}
	}
	got, err := s.Evidence(t.Context(), e.Address)
	if err != nil || string(got.Body) != string(body) || got.Organisation != "trust" || !got.At.Equal(monday) {
		t.Errorf("%+v, %v", got, inFull(err))
	}
	if _, err := s.Evidence(t.Context(), strings.Repeat("0", 64)); barometer.KindOf(err) != barometer.NotFound {
		t.Errorf("unknown address: %v", err)
	}
	e.Body = []byte(`{}`)
	if err := s.WriteEvidence(t.Context(), []barometer.Evidence{e}); err == nil {
		t.Error("another body is stored under the address")
	}
}

func TestPrecisionCountsTheLastVerdict(t *testing.T) {
	s := open(t)
	var records []barometer.IssueRecord
	for i, tier := range []string{"alert", "alert", "alert", "watch"} {
		r := issue(monday, "new", "watch", 5)
		r.ID = string(rune('a' + i))
		records = append(records, r)
		r.At, r.Tier = monday.Add(time.Hour), tier
		records = append(records, r)
	}
	if err := s.WriteIssues(t.Context(), records); err != nil {
		t.Fatal(inFull(err))
	}
	for i, v := range []barometer.Verdict{
		{Issue: "a", Verdict: barometer.VerdictIrrelevant}, {Issue: "a", Verdict: barometer.VerdictTrue, Reason: "it was"},
		{Issue: "b", Verdict: barometer.VerdictTrue}, {Issue: "c", Verdict: barometer.VerdictCampaign}, {Issue: "d", Verdict: barometer.VerdictTrue},
	} {
		v.Organisation, v.At, v.By = "trust", monday.Add(time.Duration(i)*time.Minute), "press office"
		if err := s.WriteVerdict(t.Context(), v); err != nil {
			t.Fatal(inFull(err))
		}
	}
	got, err := s.Precision(t.Context(), "trust")
	if err != nil {
		t.Fatal(inFull(err))
	}
	alert, watch := got[0], got[1]
	if alert.Tier != "alert" || alert.Judged != 3 || alert.True != 2 || alert.Verdicts["campaign"] != 1 || watch.Judged != 1 || watch.True != 1 {
		t.Errorf("%+v", got)
	}
	if near := func(a, b float64) bool { return a-b < 5e-4 && b-a < 5e-4 }; !near(alert.Low, .2077) || !near(alert.High, .9385) {
		t.Errorf("2 of 3 lies between %v and %v", alert.Low, alert.High)
	}
	verdicts, err := s.Verdicts(t.Context(), "trust", "a")
	if err != nil || len(verdicts) != 2 || verdicts[0].Verdict != barometer.VerdictTrue || verdicts[0].Reason != "it was" {
		t.Errorf("verdicts %+v, %v", verdicts, err)
	}
	if none, err := s.Precision(t.Context(), "kelo"); err != nil || none[0].Judged != 0 || none[0].High != 1 {
		t.Errorf("without verdicts: %+v, %v", none, err)
	}
}

func TestCorrectionsShowAtOnceAndAreExported(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	one, two, gone := mention(1), mention(2), mention(3)
	write(t, w, one, two, gone)
	correct := func(m barometer.Analysed, field, value, was string, minute int) {
		t.Helper()
		err := s.WriteCorrection(t.Context(), barometer.Correction{Organisation: "trust", Mention: m.ID, At: monday.Add(time.Duration(minute) * time.Minute),
			Field: field, Value: value, Was: was + " test", By: "press office"})
		if err != nil {
			t.Fatal(inFull(err))
		}
	}
	correct(one, barometer.FieldSentiment, "neutral", "negative", 0)
	correct(one, barometer.FieldSentiment, "positive", "negative", 1)
	correct(one, barometer.FieldConcerns, barometer.NoConcerns, "waiting", 1)
	correct(two, barometer.FieldSentiment, "negative", "negative", 2)
	correct(two, barometer.FieldSeverity, "4", "2", 2)
	correct(gone, barometer.FieldSentiment, "positive", "negative", 3)
	tomb := gone
	tomb.Deleted = true
	write(t, w, tomb)

	row, err := s.Mention(t.Context(), "trust", one.ID)
	if err != nil || len(row.Corrections) != 2 || row.Corrections[1].Value != "positive" || row.Sentiment.Label != barometer.Negative {
		t.Errorf("mention %+v, %v", row.Corrections, inFull(err))
	}
	if rows := all(t, s, barometer.Filter{}); len(rows) != 2 || len(rows[0].Corrections) != 2 {
		t.Errorf("%d rows in the list", len(rows))
	}
	list, err := s.Corrections(t.Context(), "trust")
	if err != nil || len(list) != 4 || list[0].Mention != two.ID {
		t.Errorf("corrections %+v, %v", list, inFull(err))
	}
	var lines []string
	if err := s.Labelled(t.Context(), "trust", func(l barometer.Labelled) error {
		l.ID = barometer.ID{}
		b, err := json.Marshal(l)
		lines = append(lines, strings.Replace(string(b), `"id":"00000000000000000000000000000000",`, "", 1))
		return err
	}); err != nil {
		t.Fatal(inFull(err))
	}
	want := map[string]bool{
		`{"text":"Waiting for hours","lang":"en","sentiment":"positive","concerns":[]}`: true,
		`{"text":"Waiting for hours","lang":"en","sentiment":"negative","severity":4}`:  true,
	}
	if len(lines) != 2 || !want[lines[0]] || !want[lines[1]] || lines[0] == lines[1] {
		t.Errorf("labelled:\n%s", strings.Join(lines, "\n"))
	}
	stats, err := s.CorrectionStats(t.Context(), "trust")
	if err != nil || len(stats) != 3 {
		t.Fatalf("%+v, %v", stats, inFull(err))
	}
	if f := stats[1]; f.Field != barometer.FieldSentiment || f.Labels != 2 || f.Agreed != 1 || f.Share != .5 || f.Low < .09 || f.High > .91 {
		t.Errorf("sentiment %+v", f)
	}
}

func TestFirstMention(t *testing.T) {
	s := open(t)
	if at, err := s.FirstMention(t.Context(), "trust"); err != nil || !at.IsZero() {
		t.Errorf("of an empty store: %v, %v", at, inFull(err))
	}
	write(t, startWriter(t, s), mention(3), mention(1))
	exact(t, s)
	if at, err := s.FirstMention(t.Context(), "trust"); err != nil || !at.Equal(monday.Add(time.Hour).Truncate(time.Hour)) {
		t.Errorf("%v, %v", at, inFull(err))
	}
}
