package world

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

var epoch = time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)

func TestSameConfigurationGivesTheSameWorldInAnyOrder(t *testing.T) {
	a, b := New(Config{Seed: 1, Epoch: epoch}), New(Config{Seed: 1, Epoch: epoch})
	b.Posts(epoch.AddDate(0, 0, -3), epoch.AddDate(0, 0, 2)) // asked for out of order
	pa, pb := a.Posts(a.Start(), epoch), b.Posts(b.Start(), epoch)
	if !reflect.DeepEqual(pa, pb) {
		t.Fatal("two worlds of one configuration differ")
	}
	if c := New(Config{Seed: 2, Epoch: epoch}); reflect.DeepEqual(pa, c.Posts(c.Start(), epoch)) {
		t.Fatal("another seed gave the same world")
	}
}

func TestTheWorldHoldsWhatItPromises(t *testing.T) {
	w := New(Config{Seed: 1, Epoch: epoch})
	posts := w.Posts(w.Start(), epoch)
	langs, planted, guids := map[string]int{}, map[string]int{}, map[string]bool{}
	weekdays := map[time.Weekday]int{}
	for _, p := range posts {
		langs[p.Lang]++
		planted[p.Planted]++
		weekdays[p.At.Weekday()]++
		if guids[p.GUID] {
			t.Fatalf("two posts are called %s", p.GUID)
		}
		guids[p.GUID] = true
		if strings.ContainsAny(p.Text, "{}") {
			t.Errorf("unfilled slot: %s", p.Text)
		}
		says := strings.Contains(strings.ToLower(p.Title+p.Text), "larkmere") || strings.Contains(strings.ToLower(p.Text), "lerchensee") ||
			strings.Contains(strings.ToLower(p.Text), "kiurujärv")
		if p.Mentions != says {
			t.Errorf("mentions = %v but the text says: %s", p.Mentions, p.Text)
		}
		if p.Feed == "parents" && p.At.After(w.Start().AddDate(0, 0, 84)) {
			t.Errorf("the silent source wrote at %s", p.At)
		}
	}
	if len(posts) < 10000 || langs["en"] < 5000 || langs["de"] < 2000 || langs["fi"] < 1500 {
		t.Errorf("too few posts: %d, %v", len(posts), langs)
	}
	for _, name := range append(Issues(), Petition, Syndicated, StaffAbuse, Leak) {
		if planted[name] == 0 {
			t.Errorf("nothing of %s was planted", name)
		}
	}
	if weekdays[time.Monday] < weekdays[time.Sunday]*5/4 {
		t.Errorf("no weekday rhythm: %v", weekdays)
	}
	for _, p := range posts {
		if p.CopyOf != "" && !guids[p.CopyOf] {
			t.Errorf("%s copies %s, which is not there", p.GUID, p.CopyOf)
		}
	}
}

func TestFeedsParseAndAnswerConditionalRequests(t *testing.T) {
	w := New(Config{Seed: 1, Epoch: epoch})
	srv := httptest.NewServer(w.Handler(func() time.Time { return epoch }))
	defer srv.Close()
	for _, f := range Feeds() {
		res, err := http.Get(srv.URL + "/feeds/" + f.ID)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		feed, err := gofeed.NewParser().ParseString(string(body))
		if err != nil {
			t.Fatalf("%s: %v", f.ID, err)
		}
		want := w.items(f, epoch)
		if len(want) > 1900 || len(feed.Items) != len(want) || len(want) == 0 {
			t.Fatalf("%s: %d items served, %d generated", f.ID, len(feed.Items), len(want))
		}
		for i, it := range feed.Items {
			if it.GUID != want[i].GUID || !it.PublishedParsed.Equal(want[i].At) {
				t.Fatalf("%s item %d: %s %s, want %s %s", f.ID, i, it.GUID, it.PublishedParsed, want[i].GUID, want[i].At)
			}
		}
		req, _ := http.NewRequest(http.MethodGet, srv.URL+"/feeds/"+f.ID, nil)
		req.Header.Set("If-None-Match", res.Header.Get("ETag"))
		res, err = http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotModified {
			t.Errorf("%s: conditional request answered %s", f.ID, res.Status)
		}
	}
}

func TestOpeningMovesWithinTheFirstMinute(t *testing.T) {
	w := New(Config{Seed: 1, Epoch: epoch})
	if n := len(w.Posts(epoch, epoch.Add(time.Minute))); n < 3 {
		t.Errorf("%d posts in the first minute", n)
	}
}
