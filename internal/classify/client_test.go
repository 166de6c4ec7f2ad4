package classify

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"barometer/internal/barometer"
	"barometer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// connect returns a connection to an embedded NATS and a subject of the test's own.
func connect(t *testing.T) (*nats.Conn, string) {
	t.Helper()
	c := testkit.NATS(t)
	conn, err := nats.Connect(c.URL, nats.UserInfo(c.User, c.Password.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn, c.Prefix + ".classify.test"
}

// serve answers requests on the subject until the test ends.
func serve(t *testing.T, conn *nats.Conn, subject string, answer func(*nats.Msg)) {
	t.Helper()
	sub, err := conn.Subscribe(subject, answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() }) // the connection goes anyway
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestClientAsksAndIsAnswered(t *testing.T) {
	conn, subject := connect(t)
	asked := make(chan Request, 1)
	serve(t, conn, subject, func(m *nats.Msg) {
		r, err := DecodeRequest(m.Data)
		if err != nil {
			t.Error(err)
		}
		asked <- r
		b, _ := json.Marshal(Reply{Model: "clinic", Version: "v1", Dists: []Dist{{0.7, 0.2, 0.1}, {0, 0, 1}}})
		_ = m.Respond(b) // the client sees it if not
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	reply, err := NewClient(conn, subject).Classify(ctx, []Doc{{Text: "waited"}, {Title: "Thanks", Text: "lovely", Lang: "en"}})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Model != "clinic" || reply.Dists[0].Negative < 0.69 || reply.Dists[1].Positive != 1 {
		t.Errorf("reply %+v", reply)
	}
	if r := <-asked; len(r.Docs) != 2 || r.Docs[1] != (Doc{Title: "Thanks", Text: "lovely", Lang: "en"}) || r.WithinMS < 1 || r.WithinMS > 10_000 {
		t.Errorf("asked %+v", r)
	}
}

func TestClientSaysWhyThereIsNoAnswer(t *testing.T) {
	conn, subject := connect(t)
	serve(t, conn, subject+".silent", func(*nats.Msg) {})
	serve(t, conn, subject+".wrong", func(m *nats.Msg) { _ = m.Respond([]byte(`{"dists":[]}`)) })
	serve(t, conn, subject+".refusing", func(m *nats.Msg) {
		r := nats.NewMsg(m.Reply)
		r.Header.Set(errorCodeHeader, "503")
		r.Header.Set(errorHeader, "too busy")
		_ = m.RespondMsg(r)
	})
	for where, want := range map[string]string{
		".nobody":   "no plug-in listens there",
		".silent":   "no answer in time",
		".wrong":    "model or version",
		".refusing": "refused with 503: too busy",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := NewClient(conn, subject+where).Classify(ctx, []Doc{{Text: "x"}})
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) || barometer.KindOf(err) != barometer.Unavailable {
			t.Errorf("%s: %v, want %q", where, err, want)
		}
	}
}

// TestCascadeOverNATS goes the whole way: an unsure row is asked about over NATS and changed.
func TestCascadeOverNATS(t *testing.T) {
	conn, subject := connect(t)
	serve(t, conn, subject, func(m *nats.Msg) {
		b, _ := json.Marshal(Reply{Model: "clinic", Version: "v1", Dists: []Dist{{0.9, 0.05, 0.05}}})
		_ = m.Respond(b)
	})
	rows := []barometer.Analysed{row(0.9), row(0.4)}
	NewCascade(Config{Subject: subject, Share: 1}, NewClient(conn, subject), nil, slog.New(slog.DiscardHandler)).Apply(t.Context(), rows)
	if rows[0].Sentiment.Label != barometer.Positive || rows[1].Sentiment.Label != barometer.Negative {
		t.Errorf("labels %s, %s; want positive, negative", rows[0].Sentiment.Label, rows[1].Sentiment.Label)
	}
}
