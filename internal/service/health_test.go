package service

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// ignoreHangUp keeps SIGHUP from ending the test process before the code under test listens to it.
func ignoreHangUp() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

func TestReadyNamesWhatDoesNotWork(t *testing.T) {
	var h Health
	get := func(serve http.HandlerFunc) (int, string) {
		w := httptest.NewRecorder()
		serve(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	h.Expect("store", "nats")
	h.Set("nats", nil)
	if code, body := get(h.ServeReady); code != 503 || body != `{"parts":{"nats":"ok","store":"starting"},"ready":false}` {
		t.Errorf("starting: %d %s", code, body)
	}
	h.Set("store", errors.New("cannot be reached"))
	if err := h.Ready(); err == nil || err.Error() != "store: cannot be reached" {
		t.Errorf("Ready = %v", err)
	}
	if code, _ := get(h.ServeLive); code != 200 {
		t.Errorf("live: %d: a process with a broken engine still lives", code)
	}
	h.Set("store", nil)
	if code, body := get(h.ServeReady); code != 200 || h.Ready() != nil {
		t.Errorf("ready: %d %s", code, body)
	}
}

func TestMetricsMeasureTheProcess(t *testing.T) {
	w := httptest.NewRecorder()
	MetricsHandler(NewMetrics()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{"go_goroutines ", "process_resident_memory_bytes ", "go_build_info"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestLogFormat(t *testing.T) {
	var b strings.Builder
	NewLogger(&b, LogConfig{}).Info("hello")
	NewLogger(&b, LogConfig{Format: "text"}).Debug("below the level")
	if !strings.HasPrefix(b.String(), `{"time":`) || strings.Contains(b.String(), "below") {
		t.Errorf("logged %s", b.String())
	}
	if (LogConfig{Format: "xml"}).Validate() == nil || (LogConfig{Format: "json"}).Validate() != nil {
		t.Error("validation of the format is wrong")
	}
}
