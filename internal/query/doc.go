// Package query is the Boolean language that says which posts mention an organisation.
//
// It owns the language (Parse, Query.String, Query.Explain), the matching of all organisations' queries against a post in
// one pass (Set) and the refusal of queries that watch a person (GuardPerson). It does not read configuration, know who may
// approve an exception, or detect languages: a Doc carries what the source declared.
//
// Promise 9 rests on it: a query that is only a personal name or a single author is refused.
//
// # Language
//
//	query  = all { "OR" all }
//	all    = item { [ "AND" ] item }               words side by side must all occur
//	item   = [ "NOT" ] near
//	near   = atom [ "NEAR/" n atom ]               1 to 100
//	atom   = "(" query ")" | { field ":" } ( word | '"' phrase '"' | "(" query ")" )
//	word   = letters, digits, an emoji, #tag or @handle; a * at its end stands for any ending
//
// Operators are written in capitals; NEAR binds tightest, then NOT, AND, OR.
//
//	parking                the word, also as #parking and @parking; case and accents do not count
//	"waiting times"        the words in this order; punctuation, hyphens and line breaks between them do not count
//	wait*                  words that begin so; at least 2 characters. Inside a phrase too: "car park*"
//	#parking  @trust       only the hashtag, only the handle. @trust also matches @trust@any.server and @trust.any.server
//	a NEAR/5 b             both in the same field, in either order, with at most 5 words between them
//	title:word             only in the title
//	exact:NHS              as written: case and accents count
//	stem:waiting           inflected forms in English, German and Finnish; stem.de: in one language (also sv fr es it pt nl), which
//	                       is surer: to German, -er is an ending, so that stem:wait also finds waiter
//	site:example.org       the site or anything below it
//	lang:de                the language as the source declared it
//	source:id  kind:feed   the configured source, its kind
//	about:name             what an archive says the post was collected for
//	url:text               the address of the post contains it
//
// A field before brackets holds for everything in them: title:(ward OR stem.de:Station). A word that holds punctuation is
// the phrase of its parts: COVID-19 is "COVID 19" and A&E is "A E"; the parts of "Mary's" are Mary and s, so mary finds
// it. A word with ä, ö or ü also matches when it is spelt with ae, oe, ue. A phrase and NEAR never reach from the title
// into the text. A word is not found inside an address or inside a longer hashtag (parking does not match #ParkingFees;
// parking* does).
//
// A query must ask for something: NOT parking, or a OR NOT b, would match nearly every post and is refused.
package query
