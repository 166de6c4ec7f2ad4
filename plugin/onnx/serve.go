package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"barometer/internal/classify"
)

// waiting is how many requests may wait for the model. What comes in above that is refused at once: an answer that comes
// too late is worth nothing.
const waiting = 16

// judge is what the server needs of a model; *model is the real one.
type judge interface {
	classify(texts []string) ([]classify.Dist, error)
}

// server answers requests one after the other; the model uses all cores for each. Several processes on one subject share
// the requests.
type server struct {
	model         judge
	name, version string
	queue         chan question
	service       micro.Service
}

// question is a request that waits.
type question struct {
	request micro.Request
	docs    []classify.Doc
	until   time.Time // or zero
}

// newServer announces the service, whose state `nats micro` shows, and begins to queue requests; run answers them.
func newServer(conn *nats.Conn, m *model, name, subject string) (*server, error) {
	return newJudgeServer(conn, &server{model: m, name: name, version: m.version}, subject)
}

func newJudgeServer(conn *nats.Conn, s *server, subject string) (*server, error) {
	s.queue = make(chan question, waiting)
	var err error
	s.service, err = micro.AddService(conn, micro.Config{
		Name:        "barometer-classify-" + s.name,
		Version:     "1.0.0", // of the protocol
		Description: "Judges the sentiment of posts",
		Metadata:    map[string]string{"model": s.name, "version": s.version},
		Endpoint:    &micro.EndpointConfig{Subject: subject, Handler: micro.HandlerFunc(s.take)},
	})
	if err != nil {
		return nil, fmt.Errorf("announce the service: %w", err)
	}
	return s, nil
}

// take queues a request or refuses it.
func (s *server) take(r micro.Request) {
	q, err := classify.DecodeRequest(r.Data())
	if err != nil {
		refuse(r, "400", err.Error())
		return
	}
	next := question{request: r, docs: q.Docs}
	if q.WithinMS > 0 {
		next.until = time.Now().Add(time.Duration(q.WithinMS) * time.Millisecond)
	}
	select {
	case s.queue <- next:
	default:
		refuse(r, "503", "too many requests are waiting")
	}
}

// run answers until the context ends.
func (s *server) run(ctx context.Context) error {
	defer func() { _ = s.service.Stop() }() // the connection closes next
	for {
		select {
		case <-ctx.Done():
			return nil
		case q := <-s.queue:
			s.answer(q)
		}
	}
}

// answer judges the posts of one request. A model that fails refuses the request; whether it works at all was tried at
// the start.
func (s *server) answer(q question) {
	if !q.until.IsZero() && time.Now().After(q.until) {
		refuse(q.request, "503", "the time for an answer is over")
		return
	}
	texts := make([]string, len(q.docs))
	for i, d := range q.docs {
		texts[i] = d.Text
		if d.Title != "" {
			texts[i] = d.Title + ". " + d.Text
		}
	}
	dists, err := s.model.classify(texts)
	if err != nil {
		refuse(q.request, "500", err.Error())
		return
	}
	b, err := json.Marshal(classify.Reply{Model: s.name, Version: s.version, Dists: dists})
	if err != nil {
		refuse(q.request, "500", err.Error())
		return
	}
	_ = q.request.Respond(b) // an asker that is gone has judged without us
}

func refuse(r micro.Request, code, why string) {
	_ = r.Error(code, why, nil) // as above
}
