// Package gate turns posts into mentions: it keeps the posts that match an organisation, makes authors pseudonyms,
// redacts identifiers in title, text and address, and brings addresses into one form.
//
// It owns the decision what may leave the process that heard a post. It does not fetch, publish or store, and it knows
// nothing of how identifiers are found (package privacy) or queries matched (package query).
//
// Queries are matched against the post as it was written, so that a query for a handle still works; hits are then moved
// to their place in the redacted text, and hits inside something redacted are left out.
//
// The promise: no author's handle or name and no identifier that was found in a post is in its mention, in whatever field.
// The price is paid by addresses: where one names its author it is changed to a form without the name if the platform
// has one, and else the name in it is replaced, and the address no longer opens the post.
package gate
