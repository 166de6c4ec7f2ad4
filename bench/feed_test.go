package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"barometer/internal/barometer"
	"barometer/internal/source"
)

const feedItems = 100

// newsFeed is a feed of 100 items of 1.5 KB.
func newsFeed() string {
	var feed strings.Builder
	feed.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>`)
	body := strings.Repeat("waiting times in the emergency department ", 36)
	for i := range feedItems {
		fmt.Fprintf(&feed, "<item><title>Item %d</title><link>https://news.example/%d</link><guid>%d</guid>"+
			"<description>%s</description><pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate></item>", i, i, i, body)
	}
	feed.WriteString("</channel></rss>")
	return feed.String()
}

// BenchmarkFeed compares the parser alone with a whole poll of ours, which uses the same parser: a request over loopback
// (the server's share included), decoding, bounds on size and depth, posts with ids, and the cursor.
func BenchmarkFeed(b *testing.B) {
	feed := newsFeed()
	b.Run("gofeed", func(b *testing.B) {
		b.ReportAllocs()
		items, start := 0, processorTime(b)
		for b.Loop() {
			f, err := gofeed.NewParser().ParseString(feed)
			if err != nil || len(f.Items) != feedItems {
				b.Fatal(err)
			}
			items += len(f.Items)
		}
		b.ReportMetric(float64(items)/(processorTime(b)-start).Seconds(), "posts/cpu-s")
	})
	b.Run("ours, a whole poll", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/feed" { // robots.txt
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/rss+xml")
			_, _ = io.WriteString(w, feed) // a client that is gone is seen there
		}))
		defer server.Close()
		client, err := source.NewClient(source.ClientConfig{Contact: "https://bench.example", AllowPrivate: []string{server.Listener.Addr().String()}})
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		src, err := source.Build(source.Config{ID: "news", Kind: "feed", URL: server.URL + "/feed"}, source.Env{HTTP: client})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		items, start := 0, processorTime(b)
		for b.Loop() {
			before := items
			_, err := src.Read(b.Context(), nil, func(_ context.Context, posts []barometer.Post, _ []byte) error {
				items += len(posts)
				return nil
			})
			if err != nil || items-before != feedItems {
				b.Fatal(items-before, err)
			}
		}
		b.ReportMetric(float64(items)/(processorTime(b)-start).Seconds(), "posts/cpu-s")
	})
}
