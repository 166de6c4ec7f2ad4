// Package stream carries mentions from the gate to the analysis, and source health to the store, over NATS JetStream. It
// also keeps the two small things that must survive a process: cursors of sources and leases of leaders.
//
// It owns subjects, streams, the format on the wire (versioned, described in schemas/events), delivery, dead letters
// and key-value buckets. It does not own the meaning of what it carries, and does not judge it.
//
// # Streams
//
//	<prefix>.mentions.<0..7>   a work queue: a message leaves when it is acknowledged. Full means that the analysis is
//	                           behind; new messages are then refused and Publisher waits: back-pressure to the sources.
//	<prefix>.health            a work queue of source observations; the oldest go first when it is full.
//	<prefix>.dead.<reason>     what could not be read or processed, as it was, for 30 days; see Stream.ReplayDead.
//
// Nothing processed stays in a stream, so a post deleted at its source has no copy here once it was analysed.
//
// # Promises
//
// Publish returns nil only when every mention is on disk (one server: after its fsync; a cluster: on a majority). A
// delivery that is not acknowledged comes again, to any process. Both repeat rather than lose: the same mention may
// arrive twice, and the store counts it once by its id. Message ids remove repetition within two minutes, which saves
// work but is not what exactness rests on.
package stream
