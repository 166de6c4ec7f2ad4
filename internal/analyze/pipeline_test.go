package analyze

import (
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func newPipeline(t testing.TB) *Pipeline {
	t.Helper()
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestX(t *testing.T) {
	p := newPipeline(t)
	var sb strings.Builder
	for _, s := range []string{"I waited 5 hours in A&E at St. Mary's Hospital. Don't go! #SaveOurNHS 😡👍🏽 https://x.org/a b@c", "s h i t e service, N.H.S. is uѕeless", "Die Notaufnahmewartezeit war viel zu lang, das Parkhaus geschlossen. Ärzte nicht freundlich!", "Lääkärin jonotusaika oli kolme tuntia"} {
		_ = p.Explain(&sb, &Input{Text: s})
	}
	t.Log(sb.String())
	_ = barometer.Analysis{}
}

func BenchmarkAnalyze(b *testing.B) {
	p := newPipeline(b)
	w := p.NewWorker()
	var out barometer.Analysis
	in := &Input{Text: "Waited four hours in A&E with my mum last night, nobody told us anything. The staff were lovely, though."}
	b.ReportAllocs()
	for b.Loop() {
		w.Analyze(in, &out)
	}
}
