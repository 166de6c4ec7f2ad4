package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestEqualQuestionsAreAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = 50 * time.Millisecond
		s := newServer(t, Config{}, held)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if w := ask(s, "/v1/sources"); w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
		if held.asked != 1 {
			t.Errorf("100 equal questions at once reached the store %d times", held.asked)
		}
		ask(s, "/v1/sources")
		if held.asked != 1 {
			t.Error("a question within the second reached the store")
		}
		time.Sleep(1100 * time.Millisecond)
		s.cache.mu.RLock()
		if n := len(s.cache.answers); n != 0 || s.cache.size != 0 {
			t.Errorf("%d answers of %d bytes outlive their time", n, s.cache.size)
		}
		s.cache.mu.RUnlock()
		ask(s, "/v1/sources")
		if held.asked != 2 {
			t.Errorf("asked %d times after the answer's time", held.asked)
		}
	})
}

func TestOnlySoManyQuestionsReachTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = 2 * time.Second
		s := newServer(t, Config{}, held)
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for i := range 300 {
			wg.Go(func() {
				w := ask(s, fmt.Sprintf("/v1/organisations/marram/mentions?limit=%d", i+1))
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
				if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
					t.Error("turned away without a word when to come back")
				}
			})
		}
		wg.Wait()
		if held.busiest != askAtOnce || statuses[200] < 7*askAtOnce || statuses[200]+statuses[503] != 300 {
			t.Errorf("%d questions at once, answers %v", held.busiest, statuses)
		}
	})
}

func TestOneWhoLeavesDoesNotSpoilTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = time.Second
		s := newServer(t, Config{}, held)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/sources", nil)
			r.Host = "localhost"
			s.ServeHTTP(httptest.NewRecorder(), r)
		})
		synctest.Wait()
		wg.Go(func() {
			if w := ask(s, "/v1/sources"); w.Code != 200 {
				t.Errorf("the one who waited gets %d %s", w.Code, w.Body)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
}

func TestUnchangedAnswerIsNotSentAgain(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	first := ask(s, "/v1/organisations")
	tag := first.Header().Get("Etag")
	if tag == "" || first.Header().Get("Cache-Control") != "private, max-age=1" {
		t.Fatalf("headers %v", first.Header())
	}
	for _, have := range []string{tag, `"other", W/` + tag, "*"} {
		if w := ask(s, "/v1/organisations", "If-None-Match", have); w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("If-None-Match %s gives %d with %d bytes", have, w.Code, w.Body.Len())
		}
	}
	if w := ask(s, "/v1/organisations", "If-None-Match", `"other"`); w.Code != 200 {
		t.Errorf("another tag gives %d", w.Code)
	}
}

func TestLargeAnswersArePacked(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	const path = "/v1/organisations/marram/mentions"
	plain, packed := ask(s, path), ask(s, path, "Accept-Encoding", "br, gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() > plain.Body.Len()/3 || plain.Header().Get("Etag") == packed.Header().Get("Etag") {
		t.Fatalf("%d bytes of %d, %v", packed.Body.Len(), plain.Body.Len(), packed.Header())
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, plain.Body.Bytes()) {
		t.Errorf("unpacked it is something else (%v)", err)
	}
	if w := ask(s, "/v1/organisations/kelo", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is packed")
	}
}

// BenchmarkCachedAnswer isolates an answer that is kept: the handler alone, and with HTTP over the loopback with a
// client that only reads. cpu-us/op is the processor time of both sides, which other work on the machine changes little.
func BenchmarkCachedAnswer(b *testing.B) {
	const path = "/v1/organisations/marram/series?by=sentiment&step=day"
	s := newServer(b, Config{CacheFor: time.Minute}, newMemory(fixedNow))
	b.Run("handler", func(b *testing.B) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "localhost"
		w := &recorder{}
		start := cpu(b)
		for b.Loop() {
			*w = recorder{header: http.Header{}}
			s.ServeHTTP(w, r)
			if w.status != http.StatusOK {
				b.Fatal(w.status)
			}
		}
		b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	})
	b.Run("loopback", func(b *testing.B) {
		host := strings.TrimPrefix(serve(b, s), "http://")
		start := cpu(b)
		b.RunParallel(func(pb *testing.PB) {
			c, err := net.Dial("tcp", host)
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			in := bufio.NewReader(c)
			request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept-Encoding: gzip\r\n\r\n")
			for pb.Next() {
				if _, err := c.Write(request); err != nil {
					b.Error(err)
					return
				}
				r, err := http.ReadResponse(in, nil)
				if err != nil || r.StatusCode != http.StatusOK {
					b.Error(r, err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
		})
		b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	})
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
