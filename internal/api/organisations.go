package api

import (
	"context"

	"barometer/internal/barometer"
)

type organisationsOutput struct {
	Body struct {
		Organisations []barometer.Organisation `json:"organisations"`
	}
}

func (s *Server) listOrganisations(ctx context.Context, _ *struct{}) (*organisationsOutput, error) {
	out := &organisationsOutput{}
	out.Body.Organisations = s.organisations(ctx)
	return out, nil
}

type organisationOutput struct {
	Body barometer.Organisation
}

func (s *Server) getOrganisation(ctx context.Context, in *OrganisationInput) (*organisationOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	return &organisationOutput{Body: o}, err
}
