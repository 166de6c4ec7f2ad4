// Package source listens: it turns feeds and files, and later platforms, into posts.
//
// It owns the contract of a source (Source), the table of kinds (kinds.go, one file a kind), the one loop that polls
// or follows them all (Runner), the HTTP client that may talk to strangers (Client), and what a source remembers
// between two reads (its cursor). It does not know organisations, matching, privacy or storage: posts go to a Sink,
// cursors to Cursors and observations to Health, all owned here and implemented elsewhere.
//
// The promises it keeps:
//
//   - Nothing is lost: a cursor is saved only after the posts before it are durable. A crash repeats work.
//   - Nothing is counted twice: ids derive from the identity space and the native id, and the time of a post is a
//     function of what is durable. A feed's new items are written into the cursor with their times (claimed) before
//     they are published, so a repetition after a crash carries the same id and the same time, whatever the feed
//     says by then.
//   - The world cannot break us: every byte from outside passes caps of size, ratio, count, depth and time, and the
//     good part of a bad answer is kept, with a reason in words.
//   - Polite: conditional requests, Retry-After, a feed's own ttl, one request at a time and a pause between two for
//     each host, and a clear user agent with a contact.
//   - Silence is not calm: each source has an expected volume of its own, and fewer posts than that is reported as
//     silence, not as a quiet day.
package source
