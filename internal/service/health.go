package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// errStarting is the state of a part that has been announced and has not reported yet.
var errStarting = errors.New("starting")

// Health knows which parts of the process work. Its zero value has no parts and is ready.
type Health struct {
	mu    sync.Mutex
	parts map[string]error
}

// Expect announces parts that must report before the process is ready.
func (h *Health) Expect(parts ...string) {
	for _, p := range parts {
		h.Set(p, errStarting)
	}
}

// Set reports that a part works (nil) or why it does not. The error's text is shown to whoever can reach the port, so it
// must not hold anything private.
func (h *Health) Set(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts == nil {
		h.parts = make(map[string]error)
	}
	h.parts[part] = err
}

// Ready returns nil when every part works, or what does not, in order of names.
func (h *Health) Ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, part := range slices.Sorted(maps.Keys(h.parts)) {
		if err := h.parts[part]; err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part, err))
		}
	}
	return errors.Join(errs...)
}

// ServeLive answers /healthz: the process runs and can answer. It does not look at the engines, because restarting this
// process would not mend them.
func (h *Health) ServeLive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ServeReady answers /readyz with the state of each part as JSON, and status 503 when one does not work.
func (h *Health) ServeReady(w http.ResponseWriter, _ *http.Request) {
	status := http.StatusOK
	parts := make(map[string]string)
	h.mu.Lock()
	for part, err := range h.parts {
		parts[part] = "ok"
		if err != nil {
			parts[part], status = err.Error(), http.StatusServiceUnavailable
		}
	}
	h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": status == http.StatusOK, "parts": parts})
}
