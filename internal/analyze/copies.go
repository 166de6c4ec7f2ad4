package analyze

// copyStep gives copies of one text one group: a hash of its words, whoever repeats it.
type copyStep struct{}

func (copyStep) analyze(doc *document, out *analysis) {
	h := uint64(0)
	for i := range doc.tokens {
		if t := &doc.tokens[i]; t.kind == kindWord || t.kind == kindNumber || t.kind == kindHashtag {
			h = mix(h, t.hash)
		}
	}
	out.CopyGroup = h
}
