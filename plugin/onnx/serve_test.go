package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"barometer/internal/barometer"
	"barometer/internal/classify"
	"barometer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// natsFlags returns the options for the embedded NATS, and a connection to it.
func natsFlags(t *testing.T) ([]string, *nats.Conn) {
	t.Helper()
	c := testkit.NATS(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(c.Password.Reveal()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := nats.Connect(c.URL, nats.UserInfo(c.User, c.Password.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return []string{"-nats", c.URL, "-user", c.User, "-password-file", password}, conn
}

// ask asks until somebody answers: the process under test is starting.
func ask(t *testing.T, conn *nats.Conn, subject string, docs []classify.Doc) classify.Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		reply, err := classify.NewClient(conn, subject).Classify(ctx, docs)
		if err == nil {
			return reply
		}
		if !errors.Is(err, nats.ErrNoResponders) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // there is nothing to wait for but the answer
	}
}

// TestPlugInChangesWhatOursIsUnsureOf goes the whole way: the program with the tiny model, NATS, and the cascade.
func TestPlugInChangesWhatOursIsUnsureOf(t *testing.T) {
	flags, conn := natsFlags(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	health := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- run(ctx, append(flags, "-model", writeTiny(t, nil), "-health", health), &out) }()

	reply := ask(t, conn, "barometer.classify.tiny", []classify.Doc{{Title: "Filthy", Text: "the ward"}, {Text: "lovely nurses"}})
	if reply.Model != "tiny" || len(reply.Version) != 12 || !near(reply.Dists[0], tinyAnswer(3, 0)) || !near(reply.Dists[1], tinyAnswer(0, 3)) {
		t.Errorf("reply %+v", reply)
	}

	rows := []barometer.Analysed{{Mention: barometer.Mention{Text: "The ward was filthy."}}}
	rows[0].Analysis = barometer.Analysis{Pipeline: "ours", Sentiment: barometer.Sentiment{Label: barometer.Uncertain, Negative: 0.3, Neutral: 0.4, Positive: 0.3}}
	config := classify.Config{Subject: "barometer.classify.tiny", Share: 1, Timeout: 10 * time.Second}
	classify.NewCascade(config, classify.NewClient(conn, config.Subject), nil, slog.New(slog.DiscardHandler)).Apply(t.Context(), rows)
	if got := rows[0].Sentiment.Label; got != barometer.Negative {
		t.Errorf("label %s, want negative", got)
	}
	if want := "ours+tiny@" + reply.Version; rows[0].Pipeline != want {
		t.Errorf("pipeline %s, want %s", rows[0].Pipeline, want)
	}

	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		res, err := http.Get("http://" + health + path)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(res.Body) // compared below
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || body.String() != want {
			t.Errorf("%s: %d %q", path, res.StatusCode, body.String())
		}
	}

	// What operators see with `nats micro info`.
	msg, err := conn.Request("$SRV.INFO.barometer-classify-tiny", nil, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var info micro.Info
	if err := json.Unmarshal(msg.Data, &info); err != nil || info.Metadata["version"] != reply.Version {
		t.Errorf("info %s, %v", msg.Data, err)
	}

	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
	if strings.Contains(out.String(), "ward") {
		t.Error("the log holds words of posts")
	}
}

// slowJudge takes until it is released.
type slowJudge struct{ release chan struct{} }

func (j slowJudge) classify(texts []string) ([]classify.Dist, error) {
	<-j.release
	if texts[0] == "breaks" {
		return nil, errors.New("the network is broken")
	}
	out := make([]classify.Dist, len(texts))
	for i := range out {
		out[i].Neutral = 1
	}
	return out, nil
}

func TestRefusalsSayWhy(t *testing.T) {
	_, conn := natsFlags(t)
	judge := slowJudge{release: make(chan struct{})}
	s, err := newJudgeServer(conn, &server{model: judge, name: "slow", version: "1"}, "test.slow")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	code := func(body string) chan string {
		answer := make(chan string, 1)
		go func() {
			msg, err := conn.Request("test.slow", []byte(body), 30*time.Second)
			if err != nil {
				answer <- err.Error()
				return
			}
			answer <- msg.Header.Get(micro.ErrorCodeHeader)
		}()
		return answer
	}
	for _, body := range []string{`{`, `{"docs":[]}`, `{"docs":[{"text":"a"}],"within_ms":-1}`} {
		if got := <-code(body); got != "400" {
			t.Errorf("%s: %q, want 400", body, got)
		}
	}
	late := code(`{"docs":[{"text":"a"}],"within_ms":1}`)
	for len(s.queue) < 1 {
		time.Sleep(time.Millisecond) // the queue is not a channel that tells
	}
	time.Sleep(2 * time.Millisecond) // more than the asker waits
	breaks := code(`{"docs":[{"text":"breaks"}]}`)
	for len(s.queue) < 2 {
		time.Sleep(time.Millisecond)
	}
	var rest []chan string
	for len(s.queue) < waiting {
		rest = append(rest, code(`{"docs":[{"text":"fine"}]}`))
		for n := len(rest) + 2; len(s.queue) < n; {
			time.Sleep(time.Millisecond)
		}
	}
	if got := <-code(`{"docs":[{"text":"one too many"}]}`); got != "503" {
		t.Errorf("with a full queue: %q, want 503", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	close(judge.release)
	if got := <-late; got != "503" {
		t.Errorf("too late: %q, want 503", got)
	}
	if got := <-breaks; got != "500" {
		t.Errorf("a broken network: %q, want 500", got)
	}
	for _, r := range rest {
		if got := <-r; got != "" {
			t.Errorf("after waiting: %q, want an answer", got)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWrongUsageIsSaid(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "-model is missing"},
		{"-model x", "-data"},
		{"-model x -nats nats://a -data b", "-data"},
		{"-model x -nats nats://a more", "one argument too many"},
		{"-model x -nats nats://a -name a/b", "-name"},
		{"-modle x", "not defined"},
		{"-model nowhere -nats nats://a", "nowhere"},
	} {
		err := run(t.Context(), strings.Fields(c.args), new(bytes.Buffer))
		if err == nil || barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
	if err := run(t.Context(), []string{"-h"}, new(bytes.Buffer)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
