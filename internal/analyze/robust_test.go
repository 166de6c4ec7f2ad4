package analyze

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"barometer/internal/barometer"
)

func analyse(p *Pipeline, lang, text string) *barometer.Analysis {
	out := new(barometer.Analysis)
	p.Analyze(&Input{Text: text, Lang: lang}, out)
	return out
}

func concernIDs(a *barometer.Analysis) []string {
	var ids []string
	for _, c := range a.Concerns {
		ids = append(ids, c.ID)
	}
	return ids
}

// TestConcernsSeeThroughDisguise checks that ways of writing that defeat a word list do not change what a text is about.
func TestConcernsSeeThroughDisguise(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct{ lang, text, concern string }{
		{"en", "the parking is a disgrace", "parking"},
		{"en", "THE PARKING IS A DISGRACE", "parking"},
		{"en", "the p a r k i n g is a disgrace", "parking"},
		{"en", "the pаrkіng is a disgrace", "parking"}, // Cyrillic a and i
		{"en", "the ｐａｒｋｉｎｇ is a disgrace", "parking"},
		{"en", "the 𝐩𝐚𝐫𝐤𝐢𝐧𝐠 is a disgrace", "parking"},
		{"en", "the par\u200bking is a disgrace", "parking"},
		{"en", "the #Parking is a disgrace", "parking"},
		{"en", "#HospitalParkingCharges are a disgrace", "parking"},
		{"en", "the parking, is, a disgrace", "parking"},
		{"de", "Die PARKGEBÜHREN sind eine Frechheit", "parking"},
		{"de", "Die Parkgebuehren sind eine Frechheit", "parking"},
		{"de", "Der Besucherparkplatz ist gesperrt", "parking"},
		{"de", "Die Zentralnotaufnahme ist voll", "emergency_department"},
		{"de", "Die Notaufnahmewartezeiten sind zu lang", "waiting_times"},
		{"fi", "Pysäköintimaksuista ei kerrottu mitään", "parking"},
		{"fi", "pysakointipaikoilla ei ollut tilaa", "parking"},
		{"fi", "Päivystyksessämme oli ruuhkaa", "emergency_department"},
		{"fi", "hoitojonoissa odottaville ei ole aikoja", "waiting_lists"},
	} {
		if a := analyse(p, c.lang, c.text); !slices.Contains(concernIDs(a), c.concern) {
			t.Errorf("%q: concerns %v lack %s (lang %s)", c.text, concernIDs(a), c.concern, a.Lang)
		}
	}
}

// TestConcernsLeaveOtherMeaningsAlone checks words that mean something else where they stand.
func TestConcernsLeaveOtherMeaningsAlone(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct{ lang, text, concern string }{
		{"en", "I can't wait to meet my new niece!", "waiting_times"},
		{"en", "The battery died down to zero, then the phone died.", "deaths"},
		{"en", "We are a dementia friendly village.", "staff_manner"},
		{"en", "Lightning strike hit the church tower.", "strikes"},
		{"en", "She has a striking resemblance to her aunt.", "strikes"},
		{"en", "Theme parking is not a thing, a theme park is.", "food"},
		{"de", "Der Luftstreik der Vögel", "strikes"},
		{"de", "Lach mich tot, so ein Witz", "deaths"},
		{"fi", "Töissä home officesta käsin", "cleanliness"},
	} {
		for _, tag := range analyse(p, c.lang, c.text).Concerns {
			if tag.ID == c.concern && len(tag.Reasons) > 0 {
				t.Errorf("%q: raised %+v", c.text, tag)
			}
		}
	}
}

// TestMedicalWordsAreNoAlarm checks that clinical language alone is neither severe nor abuse.
func TestMedicalWordsAreNoAlarm(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct{ lang, text string }{
		{"en", "My test result came back negative, appointment on Friday."},
		{"en", "The biopsy was positive for the marker, treatment starts next week."},
		{"en", "The stroke unit opens in June, with a safeguarding lead on site."},
		{"de", "Der Befund ist negativ, Kontrolle am Freitag."},
		{"de", "Die Stroke Unit wird im Juni eröffnet."},
		{"fi", "Koetulos oli negatiivinen, kontrolli perjantaina."},
	} {
		if a := analyse(p, c.lang, c.text); a.Severity > 1 || a.Abuse.Probability >= 0.5 {
			t.Errorf("%q: severity %d, abuse %.2f", c.text, a.Severity, a.Abuse.Probability)
		}
	}
}

// TestNothingToGoOn checks texts that say nothing we can read.
func TestNothingToGoOn(t *testing.T) {
	p := newPipeline(t)
	for _, text := range []string{"", " \n\t ", "...", "?!", "https://example.org/a", "@somebody", "12345", "\xff\xfe\xfd", "\u200b\u200d"} {
		a := analyse(p, "", text)
		if len(a.Concerns) > 0 || a.Severity > 0 || a.Abuse.Probability >= 0.5 || len(a.Terms) > 0 {
			t.Errorf("%q: %+v", text, a)
		}
	}
	for _, text := range []string{
		"В больнице опять нет мест, ждали пять часов", "Η αναμονή στο νοσοκομείο ήταν πέντε ώρες", "医院的停车场总是满的",
		"ที่จอดรถโรงพยาบาลเต็มตลอด", "בבית החולים חיכינו חמש שעות", "병원 주차장이 항상 가득 차 있어요",
	} {
		a := analyse(p, "", text)
		if a.Lang != "other" || a.Sentiment.Label != barometer.Uncertain || len(a.Concerns) > 0 || a.Severity > 0 {
			t.Errorf("%q: lang %s, sentiment %s, concerns %v, severity %d", text, a.Lang, a.Sentiment.Label, concernIDs(a), a.Severity)
		}
	}
}

// TestLongTextsAreBounded checks texts at and past the size that the gate lets through.
func TestLongTextsAreBounded(t *testing.T) {
	p := newPipeline(t)
	for _, text := range []string{
		strings.Repeat("The parking at the hospital is a disgrace. ", 2400),
		strings.Repeat("a ", 60000), strings.Repeat("a", 120000), strings.Repeat("😡", 30000), strings.Repeat("ä", 300000),
		strings.Repeat("died kill parking delay ", 5000), strings.Repeat("parking", 20000), strings.Repeat("#AbCd", 25000), strings.Repeat("@a.", 40000), strings.Repeat("[", 100000),
		strings.Repeat("\"", 100000), strings.Repeat("wartezeit", 15000), strings.Repeat("1:2.3,", 20000),
	} {
		a := analyse(p, "", text)
		if len(a.Terms) > maxTerms {
			t.Errorf("%.20q: %d terms", text, len(a.Terms))
		}
	}
}

// checkAnalysis checks what must hold for every text.
func checkAnalysis(t *testing.T, text string, a *barometer.Analysis) {
	t.Helper()
	s := a.Sentiment
	if sum := float64(s.Negative) + float64(s.Neutral) + float64(s.Positive); math.Abs(sum-1) > 1e-4 || math.IsNaN(sum) {
		t.Errorf("%q: sentiment sums to %v", text, sum)
	}
	if math.Abs(float64(s.Score-(s.Positive-s.Negative))) > 1e-5 {
		t.Errorf("%q: score %v is not %v - %v", text, s.Score, s.Positive, s.Negative)
	}
	if a.Severity > 5 || !(a.LangConfidence >= 0 && a.LangConfidence <= 1) || !(a.Abuse.Probability >= 0 && a.Abuse.Probability <= 1) {
		t.Errorf("%q: out of range: %+v", text, a)
	}
	seen := map[string]bool{}
	for _, c := range a.Concerns {
		if seen[c.ID] || !(c.Probability > 0 && c.Probability <= 1) {
			t.Errorf("%q: concern %+v", text, c)
		}
		seen[c.ID] = true
	}
	keys := map[string]bool{}
	for _, term := range a.Terms {
		if term.Key == "" || term.Surface == "" || keys[term.Key] {
			t.Errorf("%q: term %+v", text, term)
		}
		keys[term.Key] = true
	}
}

// FuzzAnalyze checks that no text breaks the pipeline, that what must hold holds, and that the analysis does not depend
// on what the worker saw before.
func FuzzAnalyze(f *testing.F) {
	for _, s := range samplePosts {
		f.Add("", s, "en")
	}
	for _, s := range []string{
		"s p a c e d o u t", "N.H.S. z.B. A&E", "#Ab_C1ä @x.y.z", ":-) <3 :'( =/", "[nhs number] [phone] [x", "„Zitat“ «x» \"y", "don't ’ ’s", "…", "a\x00b\xff", "ſ İ ı ß ẞ",
	} {
		f.Add(s, s, "")
	}
	p, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	used := p.NewWorker()
	f.Fuzz(func(t *testing.T, title, text, lang string) {
		in := &Input{Title: title, Text: text, Lang: lang}
		var first, second barometer.Analysis
		used.Analyze(in, &first)
		p.NewWorker().Analyze(in, &second)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("a used worker says %+v, a new one %+v", first, second)
		}
		if utf8.ValidString(title) && utf8.ValidString(text) {
			checkAnalysis(t, title+" / "+text, &first)
		}
	})
}

func TestEverySampleHoldsTogether(t *testing.T) {
	p := newPipeline(t)
	for _, s := range samplePosts {
		checkAnalysis(t, s, analyse(p, "", s))
	}
}

// TestReasonsMoveTheirJudgement removes each term that is given as a reason and checks that the judgement moves the way
// the reason says.
func TestReasonsMoveTheirJudgement(t *testing.T) {
	p := newPipeline(t)
	checked := 0
	for _, s := range samplePosts {
		before := analyse(p, "", s)
		for _, c := range before.Concerns {
			for _, r := range c.Reasons {
				after := analyse(p, before.Lang, without(s, r.Term))
				if now := probability(after, c.ID); (r.Weight > 0) != (now < c.Probability) {
					t.Errorf("%q: %s is %.3f because of %q (%+.2f), and %.3f without", s, c.ID, c.Probability, r.Term, r.Weight, now)
				}
				checked++
			}
		}
	}
	for _, s := range samplePosts {
		before := analyse(p, "", s)
		for _, r := range before.Sentiment.Reasons {
			after := analyse(p, before.Lang, without(s, r.Term))
			was, is := labelled(before, before.Sentiment.Label), labelled(after, before.Sentiment.Label)
			if (r.Weight > 0) != (is < was) {
				t.Errorf("%q: %s is %.3f because of %q (%+.2f), and %.3f without", s, before.Sentiment.Label, was, r.Term, r.Weight, is)
			}
			checked++
		}
	}
	if checked < 50 {
		t.Errorf("only %d reasons to check", checked)
	}
}

// labelled returns the probability of a label.
func labelled(a *barometer.Analysis, label string) float32 {
	switch label {
	case barometer.Negative:
		return a.Sentiment.Negative
	case barometer.Positive:
		return a.Sentiment.Positive
	}
	return a.Sentiment.Neutral
}

func without(text, term string) string {
	i := strings.Index(text, term)
	if i < 0 {
		return text
	}
	return text[:i] + text[i+len(term):]
}

func probability(a *barometer.Analysis, id string) float32 {
	for _, c := range a.Concerns {
		if c.ID == id {
			return c.Probability
		}
	}
	return 0
}

// TestHashIsForEver pins the hash that trained weights depend on.
func TestHashIsForEver(t *testing.T) {
	for s, want := range map[string]uint64{"": 0, "a": 0xad99e1a3b541d0b5, "hospital": 0xdb7957795e762a48, "notaufnahmewartezeit": 0x2a4cf76b784e2c27} {
		if got := hash([]byte(s)); got != want {
			t.Errorf("hash(%q) = %#x, want %#x", s, got, want)
		}
	}
}
