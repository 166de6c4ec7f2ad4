package source

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// readAll reads an archive given as text.
func readAll(t testing.TB, text string, o ArchiveOptions) (posts []barometer.Post, bad []BadRecord, err error) {
	t.Helper()
	o.Bad = func(b BadRecord) { bad = append(bad, b) }
	a, err := ReadArchive(strings.NewReader(text), o)
	if err != nil {
		return nil, nil, err
	}
	defer a.Close() //nolint:errcheck // a string
	for {
		p, err := a.Next()
		if errors.Is(err, io.EOF) {
			return posts, bad, nil
		}
		if err != nil {
			return posts, bad, err
		}
		p.SeenAt = time.Time{}
		posts = append(posts, p)
	}
}

const (
	jsonLine = `{"id":"1","text":"The car park was full.","title":"Parking","lang":"en-GB","author":"ann","url":"https://www.example.org/1","published_at":"2015-02-16T23:36:05Z","organisation":"Delta","repost_of":"0"}`
	csvHead  = "id,text,title,lang,author,url,published_at,organisation,repost_of\n"
	csvLine  = `1,The car park was full.,Parking,en-GB,ann,https://www.example.org/1,2015-02-16 23:36:05,Delta,0` + "\n"
	tweet    = `{"created_at":"Mon Feb 16 23:36:05 +0000 2015","id":567588278875213825,"id_str":"567588278875213825","full_text":"Waiting &amp; waiting","lang":"en","user":{"id_str":"42","screen_name":"Ann","name":"Ann B"}}`
)

func wantPost() barometer.Post {
	return barometer.Post{
		ID: barometer.DeriveID("s", "1"), Source: "s", Kind: "archive", Space: "s", NativeID: "1", URL: "https://www.example.org/1",
		Site: "example.org", Title: "Parking", Text: "The car park was full.", Lang: "en", AuthorID: "ann", About: "Delta", RepostOf: "0",
		PublishedAt: time.Date(2015, 2, 16, 23, 36, 5, 0, time.UTC), DateQuality: barometer.DateExact,
	}
}

func wantTweet() barometer.Post {
	return barometer.Post{
		ID: barometer.DeriveID("x", "567588278875213825"), Source: "s", Kind: "archive", Space: "x", NativeID: "567588278875213825",
		URL: "https://x.com/Ann/status/567588278875213825", Site: "x.com", Text: "Waiting & waiting", Lang: "en", AuthorID: "42", AuthorName: "Ann B",
		PublishedAt: time.Date(2015, 2, 16, 23, 36, 5, 0, time.UTC), DateQuality: barometer.DateExact,
	}
}

func TestArchiveFormats(t *testing.T) {
	gz := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	utf16le := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return string(b)
	}
	pretty := new(bytes.Buffer)
	if err := json.Indent(pretty, []byte(jsonLine), "", "  "); err != nil {
		t.Fatal(err)
	}
	export := `window.YTD.tweet.part0 = [ {
  "tweet" : { "id_str" : "567588278875213825", "id" : "567588278875213825", "favorite_count" : "0", "display_text_range" : ["0", "17"],
    "entities" : {"urls" : [ {"indices" : ["1","2"]} ]}, "full_text" : "Waiting &amp; waiting", "lang" : "en", "created_at" : "Mon Feb 16 23:36:05 +0000 2015" } } ]`
	exported := wantTweet()
	exported.AuthorID, exported.AuthorName, exported.URL = "", "", "https://x.com/i/status/567588278875213825"
	undated := wantTweet()
	undated.AuthorID, undated.AuthorName, undated.URL = "", "", "https://x.com/i/status/567588278875213825"
	undated.PublishedAt = time.UnixMilli(567588278875213825>>22 + 1288834974657).UTC()

	for name, c := range map[string]struct {
		text   string
		format string
		want   barometer.Post
	}{
		"jsonl":                  {jsonLine + "\n\n", FormatJSONL, wantPost()},
		"jsonl, no line break":   {jsonLine, FormatJSONL, wantPost()},
		"jsonl, mark and CRLF":   {"\xef\xbb\xbf" + jsonLine + "\r\n", FormatJSONL, wantPost()},
		"jsonl, number as id":    {strings.Replace(jsonLine, `"id":"1"`, `"id":1`, 1), FormatJSONL, wantPost()},
		"jsonl.gz":               {gz(jsonLine + "\n"), FormatJSONL, wantPost()},
		"array":                  {"[" + jsonLine + "]", FormatJSON, wantPost()},
		"object over many lines": {pretty.String(), FormatJSON, wantPost()},
		"csv":                    {csvHead + csvLine, FormatCSV, wantPost()},
		"csv, semicolons":        {strings.ReplaceAll(csvHead+csvLine, ",", ";"), FormatCSV, wantPost()},
		"csv, tabs":              {strings.ReplaceAll(csvHead+csvLine, ",", "\t"), FormatCSV, wantPost()},
		"csv.gz":                 {gz(csvHead + csvLine), FormatCSV, wantPost()},
		"csv, utf-16":            {utf16le(csvHead + csvLine), FormatCSV, wantPost()},
		"csv, other order":       {"Text,ID,extra,title,lang,author,url,published_at,about,repost_of\n\"The car park was full.\",1,x,Parking,en,ann,https://www.example.org/1,1424129765,Delta,0\n", FormatCSV, wantPost()},
		"tweets":                 {tweet + "\n", FormatJSONL, wantTweet()},
		"tweet array":            {"[\n" + tweet + "\n]", FormatJSON, wantTweet()},
		"account export":         {export, FormatJSON, exported},
		"tweet without id_str":   {strings.Replace(tweet, `"id_str":"567588278875213825",`, "", 1), FormatJSONL, wantTweet()},
		"tweet without time":     {`{"id_str":"567588278875213825","full_text":"Waiting &amp; waiting","lang":"en"}`, FormatJSONL, undated},
	} {
		t.Run(name, func(t *testing.T) {
			posts, bad, err := readAll(t, c.text, ArchiveOptions{Source: "s"})
			if err != nil || len(bad) > 0 || len(posts) != 1 {
				t.Fatalf("%d posts, bad %v, error %v", len(posts), bad, err)
			}
			if posts[0] != c.want {
				t.Errorf("got\n%+v\nwant\n%+v", posts[0], c.want)
			}
			a, err := ReadArchive(strings.NewReader(c.text), ArchiveOptions{})
			if err != nil || a.Format() != c.format {
				t.Errorf("format %s, want %s (%v)", a.Format(), c.format, err)
			}
		})
	}
}

func TestArchiveRetweet(t *testing.T) {
	rt := `{"created_at":"Mon Feb 16 23:40:00 +0000 2015","id_str":"567590000000000000","full_text":"RT @Ann: Wait…","user":{"id_str":"43","screen_name":"Bob"},"retweeted_status":` + tweet + `}`
	posts, bad, err := readAll(t, rt, ArchiveOptions{})
	if err != nil || len(bad) > 0 || len(posts) != 1 {
		t.Fatal(posts, bad, err)
	}
	if p := posts[0]; p.RepostOf != "567588278875213825" || p.Text != "RT @Ann: Waiting & waiting" || p.AuthorID != "43" {
		t.Errorf("%+v", p)
	}
}

// Bad records are named by line and reason, without their text, and never cost a good one.
func TestArchiveBadRecords(t *testing.T) {
	line := func(id int) string {
		return fmt.Sprintf(`{"id":"%d","text":"t","published_at":"2015-02-16T23:36:05Z"}`, id) + "\n"
	}
	for name, c := range map[string]struct {
		text string
		good int
		bad  []BadRecord
	}{
		"jsonl": {
			line(1) + "not json\n" + `{"id":2}` + "\n" + `{"text":"no id","published_at":"2015-02-16T23:36:05Z"}` + "\n" + `{"id":"3","text":"x"}` + "\n" +
				`{"id":5.67588e17,"text":"x"}` + "\n" + `{"id":"4","text":"x","published_at":"yesterday"}` + "\n" + `{"id":"5","text":"x","published_at":"1246-01-01"}` + "\n" +
				`{"id":"6","text":7}` + "\n" + `[]` + "\n" + `{"id":"7","text":"` + strings.Repeat("x", maxRecord) + `"}` + "\n" + line(8) + `{"id":"9","te`, 2,
			[]BadRecord{
				{2, "not JSON at character 2 of the record"}, {3, "text is missing"}, {4, "id is missing"}, {5, "published_at is missing"},
				{6, "an id is the number 5.67588e17: write it as a string, so that no digit is lost"},
				{7, `published_at "yesterday" is no time; write it like 2015-02-16T23:36:05Z`},
				{8, "published_at 1246-01-01T00:00:00Z is not believable"}, {9, "text is a number, want string"}, {10, "not a JSON object"},
				{11, "the record is longer than 1048576 bytes"}, {13, "not JSON at character 13 of the record"},
			},
		},
		"csv": {
			"id,text,published_at\n1,\"two\nlines, and \"\"quotes\"\"\",2015-02-16\n2,x\n3,\"never closed,2015-02-16\n4,fine,2015-02-16\n5,a,2015-02-16,b\n5.67588E+17,x,2015-02-16\n6,K\xe4se,2015-02-16\n", 3,
			[]BadRecord{{4, "published_at is missing"}, {5, "a quote is opened and not closed"}, {7, "4 fields, want 3"},
				{8, "the id 5.67588E+17 is a rounded number: export the column as text, so that no digit is lost"}},
		},
		"array": {
			"[" + line(1) + `,{"id":"2","text":}` + "\n,\n" + line(3) + "]", 2,
			[]BadRecord{{2, "not JSON at character 18 of the record"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			posts, bad, err := readAll(t, c.text, ArchiveOptions{Source: "s"})
			if err != nil || len(posts) != c.good {
				t.Errorf("%d good, want %d (%v)", len(posts), c.good, err)
			}
			if !reflect.DeepEqual(bad, c.bad) {
				t.Errorf("bad\n%v\nwant\n%v", bad, c.bad)
			}
			if name == "csv" && (posts[0].Text != "two\nlines, and \"quotes\"" || posts[2].Text != "Käse") {
				t.Errorf("texts %q, %q", posts[0].Text, posts[2].Text)
			}
		})
	}
}

func TestArchiveThatIsNone(t *testing.T) {
	broken := new(bytes.Buffer)
	z := gzip.NewWriter(broken)
	for i := range 5000 {
		_, _ = fmt.Fprintf(z, `{"id":"%d","text":"%x","published_at":"2015-02-16T23:36:05Z"}`+"\n", i, uint64(hashOf(fmt.Sprint(i))))
	}
	_ = z.Close()
	for name, c := range map[string]struct {
		text string
		want string
		good int
	}{
		"prose":            {"Dear all,\nplease find attached\n", "not a file of posts", 0},
		"csv without text": {"id,when\n1,2\n", "not a file of posts", 0},
		"json of others":   {strings.Repeat(`{"name":"x"}`+"\n", 200), "none of the first 100 records is a post (line 100: id is missing)", 0},
		"gzip broken off":  {broken.String()[:broken.Len()/2], "the file breaks off", 1000},
		"gzip in name":     {"\x1f\x8bnothing", "cannot be unpacked", 0},
		"array broken off": {"[" + jsonLine + `,{"id":"2","text":"x`, "the file breaks off", 1},
		"quotes never end": {"id,text,date\n" + strings.Repeat("1,\"x,2015-02-16\n"+strings.Repeat("2,y,2015-02-16\n", 1100), 21), "quotes never close", 22_000},
	} {
		posts, _, err := readAll(t, c.text, ArchiveOptions{})
		if barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if len(posts) < c.good {
			t.Errorf("%s: %d good posts, want at least %d", name, len(posts), c.good)
		}
	}
	if posts, _, err := readAll(t, "", ArchiveOptions{}); err != nil || len(posts) != 0 {
		t.Errorf("an empty file: %v", err)
	}
}

// Wherever reading stops, going on from the cursor gives exactly the rest.
func TestArchiveResumes(t *testing.T) {
	var lines, table, array strings.Builder
	table.WriteString("id,text,published_at\n")
	array.WriteString("[")
	for i := range 40 {
		fmt.Fprintf(&lines, `{"id":"%d","text":"t","published_at":"2015-02-16T23:36:05Z"}`+"\n", i)
		fmt.Fprintf(&table, "%d,\"t\nu\",2015-02-16\n", i)
		fmt.Fprintf(&array, `{"id":"%d","text":"t","published_at":"2015-02-16T23:36:05Z"},`+"\n", i)
		if i%7 == 0 {
			lines.WriteString("bad\n")
			table.WriteString("bad\n")
			array.WriteString("{bad},\n")
		}
	}
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, _ = io.WriteString(z, lines.String())
	_ = z.Close()
	for name, text := range map[string]string{"jsonl": lines.String(), "csv": table.String(), "array": array.String() + "]", "jsonl.gz": gz.String()} {
		t.Run(name, func(t *testing.T) {
			whole, bad, err := readAll(t, text, ArchiveOptions{Source: "s"})
			if err != nil || len(whole) != 40 || len(bad) != 6 {
				t.Fatalf("%d posts, %d bad, %v", len(whole), len(bad), err)
			}
			for stop := range 40 {
				a, err := ReadArchive(strings.NewReader(text), ArchiveOptions{Source: "s"})
				if err != nil {
					t.Fatal(err)
				}
				for range stop {
					if _, err := a.Next(); err != nil {
						t.Fatal(err)
					}
				}
				var later []BadRecord
				b, err := readArchiveAt(strings.NewReader(text), ArchiveOptions{Source: "s", Bad: func(r BadRecord) { later = append(later, r) }}, a.Position())
				if err != nil {
					t.Fatal(err)
				}
				rest, err := b.Batch(t.Context(), 100)
				if err != nil || len(rest) != 40-stop || rest[0].ID != whole[stop].ID {
					t.Fatalf("after %d: %d posts, want %d (%v)", stop, len(rest), 40-stop, err)
				}
				if !reflect.DeepEqual(later, append([]BadRecord(nil), bad[6-len(later):]...)) {
					t.Fatalf("after %d: bad %v, want the end of %v", stop, later, bad)
				}
				if p := b.Progress(); p.Records != 46 || p.Bad != 6 {
					t.Fatalf("after %d: progress %+v", stop, p)
				}
			}
		})
	}
}

func TestArchiveSourceFollowsAGrowingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	write := func(from, to int) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			_, _ = fmt.Fprintf(f, `{"id":"%d","text":"t","published_at":"2015-02-16T23:36:05Z"}`+"\n", i)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 1200)
	src := build(t, Config{Kind: "archive", Path: path}, nil)
	var m memory
	killed := errors.New("killed")
	n := 0
	m.save = func(string) error {
		if n++; n == 2 {
			return killed
		}
		return nil
	}
	if _, err := m.read(t, src); !errors.Is(err, killed) {
		t.Fatal(err)
	}
	m.save = nil
	for range 2 {
		if r, err := m.read(t, src); err != nil || r.Skipped != 0 {
			t.Fatal(r, err)
		}
	}
	write(1200, 1210)
	if _, err := m.read(t, src); err != nil {
		t.Fatal(err)
	}
	distinct := map[barometer.ID]bool{}
	for _, p := range m.posts {
		distinct[p.ID] = true
	}
	if len(distinct) != 1210 || len(m.posts) != 1210+500 {
		t.Errorf("%d distinct of %d posts; want 1210, and one batch twice", len(distinct), len(m.posts))
	}
}

func TestArchiveSourceWaitsForALineThatIsStillWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	src := build(t, Config{Kind: "archive", Path: path}, nil)
	var m memory
	written := ""
	for _, part := range []string{
		`{"id":"1","text":"whole","published_at":"2015-02-16T23:36:05Z"}` + "\n" + `{"id":"2","text":"to`,
		`rn","published_at":"2015-02-16`, `T23:36:05Z"}` + "\n",
		`{"id":"3","text":"not ended, but whole","published_at":"2015-02-16T23:36:05Z"}`,
	} {
		written += part
		if err := os.WriteFile(path, []byte(written), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a second look changes nothing
			if _, err := m.read(t, src); err != nil {
				t.Fatal(err)
			}
		}
	}
	var texts []string
	for _, p := range m.posts {
		texts = append(texts, p.Text)
	}
	if got := strings.Join(texts, "; "); got != "whole; torn; not ended, but whole" {
		t.Errorf("read %q", got)
	}
}

func TestArchiveProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	line := jsonLine + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, 2500)), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []Progress
	a, err := OpenArchive(path, ArchiveOptions{Progress: func(p Progress) { seen = append(seen, p) }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // only read
	if _, err := a.Batch(t.Context(), 3000); err != nil {
		t.Fatal(err)
	}
	last := seen[len(seen)-1]
	if size := int64(2500 * len(line)); len(seen) != 3 || last != (Progress{Bytes: size, Size: size, Records: 2500}) {
		t.Errorf("%+v", seen)
	}
}

// The real streams, where they are there: every record is a post.
func TestArchiveRealStreams(t *testing.T) {
	dir := os.Getenv("BAROMETER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	for file, want := range map[string]int{
		"streams/airlines-2015-02.jsonl.gz":            14640,
		"streams/crisis/2013_Boston_bombings.jsonl.gz": 1000,
	} {
		path := filepath.Join(dir, "data", file)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is not here", path)
		}
		bad := 0
		a, err := OpenArchive(path, ArchiveOptions{Space: "x", Bad: func(b BadRecord) { bad++; t.Log(b) }})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			p, err := a.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Space != "x" || p.DateQuality != barometer.DateExact {
				t.Fatalf("%+v", p)
			}
			n++
		}
		if n < want*9/10 || bad > 0 {
			t.Errorf("%s: %d posts, %d bad", file, n, bad)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkArchiveJSONL(b *testing.B) { benchmarkArchive(b, strings.Repeat(jsonLine+"\n", 10_000)) }
func BenchmarkArchiveCSV(b *testing.B) {
	benchmarkArchive(b, csvHead+strings.Repeat(csvLine, 10_000))
}
func BenchmarkArchiveTweets(b *testing.B) { benchmarkArchive(b, strings.Repeat(tweet+"\n", 10_000)) }

// benchmarkArchive isolates reading and decoding: the text is in memory, nothing is published. One op is 10,000 posts.
func benchmarkArchive(b *testing.B, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		a, err := ReadArchive(strings.NewReader(text), ArchiveOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if posts, err := a.Batch(b.Context(), 20_000); err != nil || len(posts) != 10_000 {
			b.Fatal(len(posts), err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "posts/s")
}
