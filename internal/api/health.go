package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

func (s *Server) getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.openapi) // the client has gone; there is nobody to tell
}

// getHealth says that the process runs.
func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) {
	state(w, http.StatusOK, "ok")
}

// getReadiness says whether it can answer. Why not is for the log: this address needs no key.
func (s *Server) getReadiness(w http.ResponseWriter, r *http.Request) {
	if s.deps.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := s.deps.Ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			state(w, http.StatusServiceUnavailable, "not ready")
			return
		}
	}
	state(w, http.StatusOK, "ready")
}

func state(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": word}) // the client has gone; there is nobody to tell
}
