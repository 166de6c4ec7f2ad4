package api

import (
	"context"

	"barometer/internal/barometer"
)

// sourceReader is the store's view of sources.
type sourceReader interface {
	Sources(ctx context.Context) ([]barometer.SourceStatus, error)
}

type sourcesOutput struct {
	Body struct {
		Sources []barometer.SourceStatus `json:"sources"`
	}
}

func (s *Server) listSources(ctx context.Context, _ *struct{}) (*sourcesOutput, error) {
	all, err := s.deps.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	out := &sourcesOutput{}
	out.Body.Sources = append([]barometer.SourceStatus{}, all...)
	return out, nil
}

type sourceInput struct {
	Source string `path:"source" maxLength:"200" doc:"Id of the source"`
}

type sourceOutput struct {
	Body barometer.SourceStatus
}

func (s *Server) getSource(ctx context.Context, in *sourceInput) (*sourceOutput, error) {
	all, err := s.deps.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Source == in.Source {
			return &sourceOutput{Body: one}, nil
		}
	}
	return nil, barometer.Errorf(barometer.NotFound, "no source %q has been heard of", in.Source)
}
