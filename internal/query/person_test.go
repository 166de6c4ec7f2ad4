package query

import (
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func TestGuardRefusesAPersonAlone(t *testing.T) {
	for _, src := range []string{
		`"Jane Smith"`, `Jane Smith`, `jane smith`, `"Dr Jane Smith"`, `"Dr. Smith"`, `dr smith`, `"Prof. Dr. Klaus Müller"`, `"Frau Yılmaz"`,
		`"Matti Meikäläinen"`, `"Meikäläinen Matti"`, `matti meikalainen`, `"Liisa Virtasalo"`, `"Jane A. Smith-Jones"`, `"Ludwig van Beethoven"`,
		`"Emma Ward"`, `exact:"Jane Smith"`, `title:"Jane Smith"`, `stem:"Jane Smith"`, `"Jane Smi*"`, `"Jane Smith’s"`, `jane NEAR/1 smith`,
		`"Aoife Murphy"`, `Jane`, `#JaneSmith`, `#janesmith`, `#jane_smith`, `JaneSmith`,
		`"Jane Smith" lang:en`, `"Jane Smith" AND source:x AND kind:feed`, `"Jane Smith" NOT hospital`, `about:"Jane Smith"`,
		`"Jane Smith" OR hospital`, `hospital OR (jane AND (smith OR jones))`, `("Jane Smith" OR ward) (lang:en OR nurse)`,
		`@janesmith`, `@somebody OR hospital`, `@somebody lang:en`, `@somebody "Jane Smith"`, `site:jane.blogspot.com`,
	} {
		err := GuardPerson(mustParse(t, src))
		if barometer.KindOf(err) != barometer.Refused || err == nil {
			t.Errorf("%s was let through (%v)", src, err)
		}
	}
}

func TestGuardLetsServicesThrough(t *testing.T) {
	for _, src := range []string{
		`hospital`, `"General Hospital"`, `"Jane Smith" AND hospital`, `"John Radcliffe Hospital"`, `"St Thomas' Hospital"`, `"St George's"`,
		`"Queen Elizabeth"`, `@janesmith AND waiting`, `"Universitätsklinikum Musterstadt"`, `"Helsingin yliopistollinen sairaala"`,
		`"waiting times"`, `parking charges`, `"Virgin America" OR "US Airways" OR JetBlue OR Delta OR United OR Southwest`, `about:Delta`,
		`"New Parker"`, `dr appointment`, `miss appointments`, `MS drugs`, `Florence`, `mark up`, `"Lily Ward"`, `lang:de source:x`,
		`site:example.org`, `NHS OR #NHS OR "A&E"`, `"suomalainen terveyskeskus"`, `"Krankenhaus Sankt Maria"`, `#SaveOurHospital`, `😡 ward`,
	} {
		if err := GuardPerson(mustParse(t, src)); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestGuardKnowsTheOrganisationsOwnHandles(t *testing.T) {
	o := barometer.Organisation{
		ID: "trust", Name: "Example Trust", Aliases: []string{`The "Example"`}, Handles: []string{"@ExampleNHS", "example.org"},
		Sites: []string{"https://www.example.org/", "example.wordpress.com"},
	}
	q, err := ForOrganisation(o)
	if err != nil {
		t.Fatal(err)
	}
	const want = `"Example Trust" OR "The Example" OR about:"Example Trust" OR @ExampleNHS OR @example.org OR site:https://www.example.org/ OR site:example.wordpress.com`
	if q.String() != want {
		t.Errorf("got  %s\nwant %s", q, want)
	}
	if err := GuardOrganisation(o, q); err != nil {
		t.Error(err)
	}
	o.Handles = nil
	err = GuardOrganisation(o, q)
	if barometer.KindOf(err) != barometer.Refused || !strings.Contains(err.Error(), "@ExampleNHS alone is one author") {
		t.Errorf("a handle that is not listed: %v", err)
	}
}

func TestForOrganisationKeepsAStatedQuery(t *testing.T) {
	q, err := ForOrganisation(barometer.Organisation{ID: "a", Name: "A", Query: "x y"})
	if err != nil || q.String() != "x AND y" {
		t.Errorf("%v, %v", q, err)
	}
	for _, o := range []barometer.Organisation{{ID: "a"}, {ID: "a", Query: "(x"}, {ID: "a", Sites: []string{"no site"}, Handles: []string{"!"}}} {
		if _, err := ForOrganisation(o); barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), "organisation a") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := ForOrganisation(barometer.Organisation{ID: "a", Query: "author:x"}); barometer.KindOf(err) != barometer.Refused {
		t.Errorf("author: %v", err)
	}
}

func TestGuardEndsOnMultiplyingBrackets(t *testing.T) {
	q := mustParse(t, strings.Repeat("(a OR b OR c OR d) ", 30))
	if err := GuardPerson(q); err != nil {
		t.Error(err)
	}
	if err := GuardPerson(mustParse(t, strings.Repeat("(a OR b OR c OR d) ", 30)+`OR "Jane Smith"`)); barometer.KindOf(err) != barometer.Refused || err == nil {
		t.Errorf("a name among many ways: %v", err)
	}
}
