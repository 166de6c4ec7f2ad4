package source

import (
	"encoding/json"
	"errors"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/go-twitter/twitter"

	"barometer/internal/barometer"
)

// spaceX is the identity space of posts on X, formerly Twitter, whichever way they reach us.
const spaceX = "x"

// tweetPost reads a tweet as API v1.1 and the exports of accounts have it.
func tweetPost(b []byte) (barometer.Post, error) {
	var t twitter.Tweet
	// Exports write counts and ids as strings. Such fields are left empty, all others are read; id_str is what counts.
	if err := json.Unmarshal(b, &t); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			return barometer.Post{}, jsonReason(err)
		}
	}
	p := barometer.Post{Space: spaceX, NativeID: tweetID(t.IDStr, t.ID), Text: tweetText(&t), Lang: langCode(t.Lang)}
	if p.NativeID == "" {
		return p, badRecord("the tweet has no id_str")
	}
	if p.Lang == "un" || p.Lang == "in" || p.Lang == "iw" { // undetermined, and two old codes
		p.Lang = map[string]string{"in": "id", "iw": "he"}[p.Lang]
	}
	if r := t.RetweetedStatus; r != nil {
		p.RepostOf = tweetID(r.IDStr, r.ID)
		// The retweet's own text is cut with an ellipsis; the original says all of it.
		if full := tweetText(r); full != "" {
			p.Text = full
			if r.User != nil && r.User.ScreenName != "" {
				p.Text = "RT @" + r.User.ScreenName + ": " + full
			}
		}
	}
	name := "i"
	if u := t.User; u != nil {
		p.AuthorID, p.AuthorName = tweetID(u.IDStr, u.ID), u.Name
		if p.AuthorID == "" {
			p.AuthorID = strings.ToLower(u.ScreenName)
		}
		if u.ScreenName != "" {
			name = u.ScreenName
		}
	}
	p.URL, p.Site = "https://x.com/"+name+"/status/"+p.NativeID, "x.com"
	var err error
	p.PublishedAt, p.DateQuality, err = tweetTime(&t, p.NativeID)
	return p, err
}

func tweetID(text string, number int64) string {
	if text = strings.TrimSpace(text); text != "" || number == 0 {
		return text
	}
	return strconv.FormatInt(number, 10)
}

func tweetText(t *twitter.Tweet) string {
	s := t.FullText
	if t.ExtendedTweet != nil && t.ExtendedTweet.FullText != "" {
		s = t.ExtendedTweet.FullText
	}
	if s == "" {
		s = t.Text
	}
	return html.UnescapeString(s) // the API escapes <, > and &
}

// tweetTime is what the tweet says, or what its id says: since November 2010 ids hold their time in milliseconds.
func tweetTime(t *twitter.Tweet, id string) (time.Time, barometer.DateQuality, error) {
	if t.CreatedAt != "" {
		at, quality, err := archiveTime(t.CreatedAt)
		if err != nil {
			return at, quality, badRecord("created_at %q is no time", clip(t.CreatedAt, 40))
		}
		return at, quality, nil
	}
	const epoch, first = 1288834974657, 29_700_859_247
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && n >= first {
		return time.UnixMilli(n>>22 + epoch).UTC(), barometer.DateExact, nil
	}
	return time.Time{}, "", badRecord("created_at is missing")
}
