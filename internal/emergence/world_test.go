package emergence_test

import (
	"hash/fnv"
	"testing"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/emergence"
	"barometer/internal/world"
)

// worldPosts analyses the mentions of a whole invented world, as the product would, and knows what each belongs to.
func worldPosts(seed uint64) (w *world.World, obs []emergence.Observation, truth map[string]world.Post) {
	w = world.New(world.Config{Seed: seed, Epoch: time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)})
	truth = map[string]world.Post{}
	copies := analyze.NewCopies(20_000)
	kinds := map[string]world.Feed{}
	for _, f := range world.Feeds() {
		kinds[f.ID] = f
	}
	for _, p := range w.Posts(w.Start(), w.Start().AddDate(0, 0, world.HistoryDays+4)) {
		if !p.Mentions {
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Author))
		a := barometer.Analysed{Mention: barometer.Mention{ID: barometer.DeriveID(p.Feed, p.GUID), Source: p.Feed, Kind: "feed", Site: kinds[p.Feed].Site,
			URL: "https://" + kinds[p.Feed].Site + "/" + p.GUID, Title: p.Title, Text: p.Text, Author: barometer.Pseudonym(h.Sum64()), PublishedAt: p.At}}
		in := &analyze.Input{Title: p.Title, Text: p.Text}
		pipeline().Analyze(in, &a.Analysis)
		a.CopyGroup = copies.Group(a.ID.String(), in, a.CopyGroup)
		truth[a.ID.String()] = p
		obs = append(obs, emergence.ObserveAnalysed(&a))
	}
	return w, obs, truth
}

// Every planted issue of the invented world is found once, and most of what is shown for it belongs to it; what looks
// like a crisis and is none raises no alert.
func TestThePlantedIssuesOfTheWorldAreFoundOnce(t *testing.T) {
	for seed := range uint64(3) {
		w, obs, truth := worldPosts(seed + 1)
		found := map[string]map[string]bool{}
		for _, l := range replay(t, obs, emergence.Options{Organisation: barometer.Organisation{ID: world.TrustID}}) {
			if l.Issue.State == emergence.StateResolved { // what is left of it in 48 hours is what is ordinary
				continue
			}
			mine := map[string]int{}
			for _, id := range l.Issue.Posts {
				mine[truth[id].Planted]++
			}
			about, most := "", 0
			for k, n := range mine {
				if k != "" && n > most {
					about, most = k, n
				}
			}
			if about == "" || 2*most < len(l.Issue.Posts) {
				if l.Issue.Tier == emergence.Alert && l.Issue.State == emergence.StateNew {
					t.Errorf("seed %d: alert %q at day %.1f is about nothing", seed, l.Issue.Name, l.At.Sub(w.Start()).Hours()/24)
				}
				continue
			}
			if found[about] == nil {
				found[about] = map[string]bool{}
				t.Logf("seed %d: %s as %q at day %.1f with %d posts", seed, about, l.Issue.Name, l.At.Sub(w.Start()).Hours()/24, len(l.Issue.Posts))
			}
			found[about][l.Issue.ID] = true
			if float64(most) < .7*float64(len(l.Issue.Posts)) && l.Issue.Tier == emergence.Alert && l.Issue.State != emergence.StateFading && l.Issue.State != emergence.StateResolved {
				t.Errorf("seed %d: %d of the %d posts of %q (%s) belong to %s", seed, most, len(l.Issue.Posts), l.Issue.Name, l.Issue.State, about)
			}
		}
		for _, k := range world.Issues() {
			if len(found[k]) != 1 {
				t.Errorf("seed %d: %s was found %d times", seed, k, len(found[k]))
			}
		}
		for _, k := range []string{world.Petition, world.Syndicated} {
			if len(found[k]) > 0 {
				t.Errorf("seed %d: the %s was taken for an issue", seed, k)
			}
		}
	}
}
