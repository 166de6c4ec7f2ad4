package web

import (
	"net/http"
	"net/url"
	"strings"

	"barometer/internal/barometer"
)

// Judge takes the form of a verdict and goes back to the issue.
func (p *Pages) Judge(w http.ResponseWriter, r *http.Request) {
	o, issue := r.PathValue("organisation"), r.PathValue("issue")
	if err := r.ParseForm(); err != nil {
		p.failWith(w, r, barometer.Errorf(barometer.Invalid, "the form cannot be read"))
		return
	}
	if err := p.deps.Judge(r.Context(), o, issue, r.PostForm.Get("verdict"), r.PostForm.Get("reason")); err != nil {
		p.failWith(w, r, err)
		return
	}
	http.Redirect(w, r, issuePath(o, issue)+"#verdict", http.StatusSeeOther)
}

// Correct takes the form of a correction and goes back to the mention. Concerns come one by one; none of them ticked
// says that there is none.
func (p *Pages) Correct(w http.ResponseWriter, r *http.Request) {
	o := r.PathValue("organisation")
	id, err := barometer.ParseID(r.PathValue("id"))
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.failWith(w, r, barometer.Errorf(barometer.Invalid, "the form cannot be read"))
		return
	}
	field, value := r.PostForm.Get("field"), r.PostForm.Get("value")
	if field == barometer.FieldConcerns {
		if value = strings.Join(r.PostForm["value"], ","); value == "" {
			value = barometer.NoConcerns
		}
	}
	if err := p.deps.Correct(r.Context(), o, id, field, value); err != nil {
		p.failWith(w, r, err)
		return
	}
	http.Redirect(w, r, "/o/"+url.PathEscape(o)+"/mentions/"+id.String()+"#correct", http.StatusSeeOther)
}
