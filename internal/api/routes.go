package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"barometer/internal/api/web"
)

// routes is the whole interface.
func (s *Server) routes() error {
	api := humago.New(s.mux, description(s.deps.Version))
	const organisation = "/v1/organisations/{organisation}"

	huma.Register(api, get("listOrganisations", "/v1/organisations", "Organisations that the caller may see"), call(s, s.listOrganisations))
	huma.Register(api, get("getOrganisation", organisation, "One organisation"), call(s, s.getOrganisation))
	huma.Register(api, get("listMentions", organisation+"/mentions", "Mentions, newest first"), call(s, s.listMentions))
	huma.Register(api, get("getMention", organisation+"/mentions/{id}", "One mention with all its reasons"), call(s, s.getMention))
	huma.Register(api, seriesOperation(api, organisation+"/series"), call(s, s.getSeries))
	huma.Register(api, get("countConcerns", organisation+"/concerns", "Concerns with counts in a time and in the time before"), call(s, s.countConcerns))
	huma.Register(api, exportOperation(organisation+"/export"), call(s, s.export))
	huma.Register(api, liveOperation(api, organisation+"/live"), call(s, s.follow))
	huma.Register(api, get("getReading", organisation+"/reading", "The barometer now, or as it was known at a time"), call(s, s.getReading))
	huma.Register(api, readingsOperation(api, organisation+"/readings"), call(s, s.listReadings))
	huma.Register(api, get("listIssues", organisation+"/issues", "Issues as they are known now, or were at a time"), call(s, s.listIssues))
	huma.Register(api, get("getIssue", organisation+"/issues/{issue}", "One issue with its evidence, spread and life"), call(s, s.getIssue))
	huma.Register(api, evidenceOperation(organisation+"/evidence/{address}"), call(s, s.getEvidence))
	huma.Register(api, post("judgeIssue", organisation+"/issues/{issue}/verdict", "Say what an issue was worth"), call(s, s.postVerdict))
	huma.Register(api, get("getPrecision", organisation+"/precision", "How often issues were worth telling, by people's verdicts"), call(s, s.getPrecision))
	huma.Register(api, post("correctMention", organisation+"/mentions/{id}/corrections", "Say what an analysis should have been"), call(s, s.postCorrection))
	huma.Register(api, correctionsOperation(api, organisation+"/corrections"), call(s, s.listCorrections))
	huma.Register(api, get("getAgreement", organisation+"/agreement", "How often the pipeline agrees with people's labels"), call(s, s.getAgreement))
	huma.Register(api, feedOperation("getAtomFeed", organisation+"/feed.atom", atomType, "an Atom feed"), call(s, s.getAtom))
	huma.Register(api, feedOperation("getJSONFeed", organisation+"/feed.json", jsonFeedType, "a JSON Feed"), call(s, s.getJSONFeed))
	huma.Register(api, get("listConcerns", "/v1/concerns", "The taxonomy of concerns"), call(s, s.listConcerns))
	huma.Register(api, get("listSources", "/v1/sources", "Sources and whether they can be heard"), call(s, s.listSources))
	huma.Register(api, get("getSource", "/v1/sources/{source}", "One source"), call(s, s.getSource))

	s.mux.HandleFunc("GET /openapi.json", s.getOpenAPI)
	s.mux.HandleFunc("GET /healthz", s.getHealth)
	s.mux.HandleFunc("GET /readyz", s.getReadiness)
	s.mux.Handle("GET /metrics", s.metrics.handler(s.deps.Metrics))

	s.mux.HandleFunc("GET /{$}", s.pages.Home)
	s.mux.HandleFunc("GET /o/{organisation}", s.pages.Overview)
	s.mux.HandleFunc("GET /o/{organisation}/issues", s.pages.Issues)
	s.mux.HandleFunc("GET /o/{organisation}/issues/{issue}", s.pages.Issue)
	s.mux.HandleFunc("POST /o/{organisation}/issues/{issue}/verdict", s.pages.Judge)
	s.mux.HandleFunc("POST /o/{organisation}/mentions/{id}/corrections", s.pages.Correct)
	s.mux.HandleFunc("GET /o/{organisation}/mentions", s.pages.Mentions)
	s.mux.HandleFunc("GET /o/{organisation}/mentions/{id}", s.pages.Mention)
	s.mux.HandleFunc("GET /o/{organisation}/sources", s.pages.Sources)
	s.mux.HandleFunc("GET "+web.AssetsPath+"{name}", s.pages.Asset)

	var err error
	if s.openapi, err = json.MarshalIndent(api.OpenAPI(), "", "  "); err != nil {
		return fmt.Errorf("describe the interface: %w", err)
	}
	s.openapi = append(s.openapi, '\n')
	return nil
}

// open paths need no key: they tell nothing about anybody.
func open(path string) bool {
	return path == "/healthz" || path == "/readyz" || strings.HasPrefix(path, web.AssetsPath)
}

// streamed paths are not cached: they are long, endless or different each time.
func streamed(path string) bool {
	return path == "/metrics" || strings.HasSuffix(path, "/live") || strings.HasSuffix(path, "/export")
}

func get(id, path, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable},
	}
	if strings.Contains(path, "{") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	return op
}

func description(version string) huma.Config {
	c := huma.DefaultConfig("Issue Barometer", "1")
	c.Info.Description = "What the public says about an organisation, what it is about, how it feels, and whether we can hear. " +
		"Times are RFC 3339 in UTC. Lists are read page by page with the cursor in `next`. " +
		"Errors are problem documents (RFC 9457). There is no way to list or count the posts of one author."
	c.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	if version != "" {
		c.Info.Extensions = map[string]any{"x-product-version": version}
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "A configured key. A server on the loopback without keys needs none."},
		"basic":  {Type: "http", Scheme: "basic", Description: "The same key as the password, with any user name: for browsers."},
	}
	c.Security = []map[string][]string{{"bearer": {}}, {"basic": {}}, {}}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by getOpenAPI; the documentation page would load foreign scripts
	c.CreateHooks = nil                                   // no $schema links in answers
	c.RejectUnknownQueryParameters = true
	c.AllowAdditionalPropertiesByDefault = true // answers may gain fields; a strict reader must not stumble
	return c
}
