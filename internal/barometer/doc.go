// Package barometer holds the words of the product: what was heard (Post), what passed the gate (Mention), what the
// pipeline makes of it (Analysis), where it was heard (Source, Coverage), for whom (Organisation), and the kinds of
// error that every layer shares.
//
// It owns the meaning and the invariants of these words and their JSON names. It does not read, write, match or
// compute anything, and imports only the standard library, so that every other package can import it.
//
// The promise it keeps: a Mention never carries an author's handle or an unredacted identifier; the types have no
// field to put one in.
package barometer
