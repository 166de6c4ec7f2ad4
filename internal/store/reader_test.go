package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// numbers returns the numbers of mention(n) in the order of the rows.
func numbers(rows []barometer.Stored) []int {
	var all []int
	for _, row := range rows {
		all = append(all, int(row.ID[15])|int(row.ID[14])<<8)
	}
	return all
}

func TestFiltersSelect(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	a, b, c, d := mention(1), mention(2), mention(3), mention(4)
	a.Title, a.Text = "Parkplätze", "Die Wartezeit-Anzeige ist “kaputt” – ärgerlich! 😡"
	a.Analysis.Lang, a.Site, a.Severity = "de", "news.example", 2
	b.Text, b.Source, b.Severity = "Waited nine hours in A&E; nobody came", "feed-2", 4
	b.Concerns = []barometer.ConcernTag{{ID: "waiting"}, {ID: "staffing"}}
	c.Text, c.Sentiment.Label, c.Abuse.Probability = "A nurse's kindness. Hours nine!", barometer.Positive, 0.8
	c.Concerns = []barometer.ConcernTag{{ID: "staffing"}}
	d.Text, d.CopyGroup = "Waited nine hours in A&E; nobody came (via)", b.CopyGroup
	other := mention(5)
	other.Matches = []barometer.Match{{Organisation: "other"}}
	write(t, w, a, b, c, d, other)

	for name, test := range map[string]struct {
		filter barometer.Filter
		want   []int // newest first
	}{
		"all":                   {barometer.Filter{}, []int{4, 3, 2, 1}},
		"other organisation":    {barometer.Filter{Organisation: "other"}, []int{5}},
		"from":                  {barometer.Filter{From: b.PublishedAt}, []int{4, 3, 2}},
		"from just after":       {barometer.Filter{From: b.PublishedAt.Add(1)}, []int{4, 3}},
		"to":                    {barometer.Filter{To: b.PublishedAt}, []int{1}},
		"to just after":         {barometer.Filter{To: b.PublishedAt.Add(1)}, []int{2, 1}},
		"word":                  {barometer.Filter{Text: "hours"}, []int{4, 3, 2}},
		"two words":             {barometer.Filter{Text: "NURSE hours"}, []int{3}},
		"phrase":                {barometer.Filter{Text: `"nine hours"`}, []int{4, 2}},
		"phrase and word":       {barometer.Filter{Text: `via "nine hours"`}, []int{4}},
		"phrase with a sign":    {barometer.Filter{Text: `"in a&e"`}, []int{4, 2}},
		"part of a word":        {barometer.Filter{Text: "hour"}, nil},
		"umlaut, other case":    {barometer.Filter{Text: "ÄRGERLICH"}, []int{1}},
		"word in quotes":        {barometer.Filter{Text: "kaputt"}, []int{1}},
		"word in the title":     {barometer.Filter{Text: "parkplätze wartezeit"}, []int{1}},
		"typographic phrase":    {barometer.Filter{Text: "“in a&e”"}, []int{4, 2}},
		"apostrophe":            {barometer.Filter{Text: "nurse’s"}, []int{3}},
		"language":              {barometer.Filter{Langs: []string{"de", "fi"}}, []int{1}},
		"sentiment":             {barometer.Filter{Sentiments: []string{barometer.Positive}}, []int{3}},
		"any of concerns":       {barometer.Filter{Concerns: []string{"waiting", "staffing"}}, []int{3, 2}},
		"source":                {barometer.Filter{Sources: []string{"feed-2"}}, []int{2}},
		"site":                  {barometer.Filter{Sites: []string{"news.example"}}, []int{1}},
		"severity":              {barometer.Filter{MinSeverity: 2}, []int{2, 1}},
		"abuse":                 {barometer.Filter{MinAbuse: 0.5}, []int{3}},
		"copy group":            {barometer.Filter{CopyGroup: b.CopyGroup}, []int{4, 2}},
		"first of copies":       {barometer.Filter{FirstOfCopy: true}, []int{3, 2, 1}},
		"together":              {barometer.Filter{Concerns: []string{"staffing"}, MinSeverity: 3}, []int{2}},
		"quotes are data":       {barometer.Filter{Sites: []string{"' OR 1=1 --"}}, nil},
		"backslashes are data":  {barometer.Filter{Sources: []string{`\'`, "{x:String}"}}, nil},
		"braces in text":        {barometer.Filter{Text: "{words:Array(String)}"}, nil},
		"before the beginning":  {barometer.Filter{To: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)}, nil},
		"after the end of time": {barometer.Filter{From: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if test.filter.Organisation == "" {
				test.filter.Organisation = "trust"
			}
			rows, _, err := s.Mentions(t.Context(), test.filter, barometer.Page{Limit: 10})
			if err != nil {
				t.Fatal(inFull(err))
			}
			if got := numbers(rows); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
	for name, text := range map[string]string{"no word": "!!! \"\"", "emoji": "😡", "too long": strings.Repeat("a ", 600), "too many": strings.Repeat("a b c d e f g h i j k l ", 1) + "m n o p q r s t u v w x y z 1 2 3 4 5 6 7"} {
		if _, _, err := s.Mentions(t.Context(), barometer.Filter{Text: text}, barometer.Page{Limit: 1}); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows := all(t, s, barometer.Filter{CopyGroup: b.CopyGroup})
	if rows[0].Copies != 2 || rows[1].Copies != 2 || all(t, s, barometer.Filter{Langs: []string{"de"}})[0].Copies != 1 {
		t.Errorf("copies %d, %d", rows[0].Copies, rows[1].Copies)
	}
}

func TestPagesAndExportsHoldEveryMentionOnce(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	var mentions []barometer.Analysed
	for n := range 40 {
		m := mention(n)
		m.PublishedAt = monday.Add(time.Duration(n/7) * time.Second) // several in one second
		mentions = append(mentions, m)
	}
	write(t, w, mentions...)
	for i := range mentions { // older versions of rows that match nothing any more
		if i%3 == 0 {
			mentions[i].SeenAt = mentions[i].SeenAt.Add(time.Hour)
			mentions[i].Severity = 5
			mentions[i].Sentiment.Label = barometer.Neutral
		}
	}
	write(t, w, mentions...)
	filter := barometer.Filter{Organisation: "trust", Sentiments: []string{barometer.Negative}}
	var paged []int
	page := barometer.Page{Limit: 4}
	for {
		rows, next, err := s.Mentions(t.Context(), filter, page)
		if err != nil {
			t.Fatal(inFull(err))
		}
		paged = append(paged, numbers(rows)...)
		if next == "" {
			break
		}
		if len(rows) != page.Limit {
			t.Errorf("a page of %d before the last", len(rows))
		}
		page.Cursor = next
	}
	var exported []int
	err := s.Export(t.Context(), filter, func(row barometer.Stored) error {
		exported = append(exported, numbers([]barometer.Stored{row})...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(paged, exported) {
		t.Errorf("pages %v, export %v", paged, exported)
	}
	slices.Sort(exported)
	var want []int
	for n := range 40 {
		if n%3 != 0 {
			want = append(want, n)
		}
	}
	if !slices.Equal(exported, want) {
		t.Errorf("%v, want %v", exported, want)
	}
	full := errors.New("disk full")
	if err := s.Export(t.Context(), filter, func(barometer.Stored) error { return full }); !errors.Is(err, full) {
		t.Errorf("export whose reader fails: %v", err)
	}
	for _, bad := range []barometer.Page{{Limit: 0}, {Limit: 501}, {Limit: 1, Cursor: "x"}, {Limit: 1, Cursor: strings.Repeat("A", 39)}} {
		if _, _, err := s.Mentions(t.Context(), filter, bad); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestSearchReadsTheIndexAndFindsWhatTextsSayNow(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	a, b := mention(1), mention(2)
	a.Text, b.Text = "Parking is a scandal", "Parking is fine"
	write(t, w, a, b)
	a.Text, a.SeenAt = "Parking is all right", a.SeenAt.Add(time.Hour)
	b.Text, b.SeenAt = "It is a scandal", b.SeenAt.Add(time.Hour)
	write(t, w, a, b)
	for text, want := range map[string][]int{"scandal": {2}, "fine": nil, "parking": {1}, `"a scandal"`: {2}} {
		filter := barometer.Filter{Organisation: "trust", Text: text}
		if got := numbers(all(t, s, filter)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		filter.From, filter.To = monday, monday.Add(24*time.Hour)
		points, err := s.Series(t.Context(), barometer.SeriesRequest{Filter: filter, Step: barometer.StepDay})
		if err != nil {
			t.Fatal(inFull(err))
		}
		if got := points[0].Count + points[1].Count; got != uint64(len(want)) {
			t.Errorf("%s: counted %d, want %d", text, got, len(want))
		}
	}
	var plan []string
	found, err := s.db.Query(t.Context(), "EXPLAIN indexes = 1 SELECT id FROM mentions WHERE hasAllTokens(folded, ['scandal'])")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close() //nolint:errcheck
	for found.Next() {
		var line string
		if err := found.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, strings.TrimSpace(line))
	}
	if !slices.Contains(plan, "Name: words") {
		t.Errorf("the search does not use the index of words:\n%s", strings.Join(plan, "\n"))
	}
}

func TestCopiesAreCountedWithinAWeek(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	const day = 24 * time.Hour
	var mentions []barometer.Analysed
	for n, after := range []time.Duration{0, time.Hour, 6 * day, 12 * day, 100 * day} {
		m := mention(n)
		m.PublishedAt, m.CopyGroup = monday.Add(after), 7
		mentions = append(mentions, m)
	}
	write(t, w, mentions...)
	write(t, w, mentions[1]) // a second delivery is no copy
	var copies []uint32
	for _, row := range all(t, s, barometer.Filter{}) {
		copies = append(copies, row.Copies)
	}
	if want := []uint32{1, 2, 4, 3, 3}; !slices.Equal(copies, want) {
		t.Errorf("%d copies, newest first, want %d", copies, want)
	}
}

func TestSinceFollowsWhatIsStored(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	write(t, w, mention(5))
	first, err := s.Since(t.Context(), "trust", time.Time{}, 10)
	if err != nil || len(first) != 1 {
		t.Fatalf("%v, %v", first, inFull(err))
	}
	time.Sleep(2 * time.Millisecond) // stored_at has milliseconds
	write(t, w, mention(1), mention(2))
	later, err := s.Since(t.Context(), "trust", first[0].StoredAt, 10)
	if err != nil || len(later) != 2 {
		t.Errorf("%d rows, %v; want the two that were stored later", len(later), err)
	}
	if none, err := s.Since(t.Context(), "other", time.Time{}, 10); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := s.Since(t.Context(), "trust", time.Time{}, 0); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("limit 0: %v", err)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(position{monday, barometer.ID{1}}.String())
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseCursor(s)
		if err != nil {
			if barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		if p.String() != s {
			t.Errorf("%q reads as %q", s, p)
		}
	})
}

func FuzzSplitSearch(f *testing.F) {
	f.Add(`two "quoted words" „hier“ unclosed "end`)
	f.Add("\"\"\"")
	f.Fuzz(func(t *testing.T, s string) {
		found, phrases := splitSearch(s)
		for _, word := range found {
			if word == "" || strings.IndexFunc(word, between) >= 0 {
				t.Errorf("word %q", word)
			}
		}
		for _, phrase := range phrases {
			if strings.ContainsAny(phrase, "\"\n") {
				t.Errorf("phrase %q", phrase)
			}
		}
	})
}

func TestSearchSplitsWhereTheIndexDoes(t *testing.T) {
	migrations, err := Migrations()
	if err != nil {
		t.Fatal(err)
	}
	table := migrations[0].SQL
	if n := strings.Count(table, "'"+separators+"', '"+strings.Repeat(" ", utf8.RuneCountInString(separators))+"')"); n != 2 {
		t.Errorf("column and index of %s blank other characters than the search does (%d of 2 agree)", migrations[0].Name, n)
	}
}
