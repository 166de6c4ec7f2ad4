// Package api answers questions over HTTP: the described interface under /v1, the live stream of new mentions, exports,
// health and metrics, and the dashboard (package web).
//
// It owns who may see which organisation, the shape of requests and answers, limits, caching and the words of errors.
// It does not compute: what it shows comes from the store through the small interfaces declared beside the handlers
// that use them. routes.go is the whole interface on one screen.
//
// The promises it keeps: nobody can list or count the posts of one author (no parameter, field or column names one);
// internal errors never reach a caller; without keys nothing but this machine is served; every error under /v1 is a
// problem document (RFC 9457).
package api
