package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
)

// BenchmarkFeed measures the parser alone on a feed of 100 items of 1.5 KB. Ours decodes, bounds and then uses the same
// parser: BenchmarkParseFeed in internal/source is the same feed with that added.
func BenchmarkFeed(b *testing.B) {
	var feed strings.Builder
	feed.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>`)
	body := strings.Repeat("waiting times in the emergency department ", 36)
	for i := range 100 {
		fmt.Fprintf(&feed, "<item><title>Item %d</title><link>https://news.example/%d</link><guid>%d</guid>"+
			"<description>%s</description><pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate></item>", i, i, i, body)
	}
	feed.WriteString("</channel></rss>")
	b.Run("gofeed", func(b *testing.B) {
		b.SetBytes(int64(feed.Len()))
		b.ReportAllocs()
		for b.Loop() {
			f, err := gofeed.NewParser().ParseString(feed.String())
			if err != nil || len(f.Items) != 100 {
				b.Fatal(err)
			}
		}
	})
}
