// Package store keeps mentions with their analyses, hourly roll-ups of them and the health of sources in ClickHouse,
// and answers questions about them.
//
// It owns the tables (their definitions are in schemas/clickhouse), the batch writer, the rebuilding of roll-ups and
// every query (query/*.sql, one a file, named after the method that runs it). It knows neither the stream nor HTTP, and
// does not decide what is analysed or kept.
//
// The promises it keeps are those of the product: nothing is lost, nothing is counted twice, and what is deleted at its
// source is deleted here. They hold by construction:
//
// # Rows
//
// A row is identified by (organisation, published_at, id), and ReplacingMergeTree keeps the newest delivery of each
// identity. So a mention may be written any number of times, in any batches, by any number of writers, and stays one
// row. published_at is part of the identity, so it must not change: a feed may restate the date of a post, and then the
// writer keeps the date that it finds stored. Two writers that store one new post with two dates at the same moment do
// not find each other's row before they write; both look again after writing and settle on the earlier date.
//
// # The order of writing
//
//	mentions are inserted -> their hours are inserted into touched -> done is called, and the caller acknowledges
//
// Every insert is on disk before it returns. A writer that gets no answer repeats the same block with the same token,
// which the server drops if it has it. A process that dies
//
//   - before the insert has written nothing: the mentions are delivered again;
//   - between the two inserts has stored rows that no roll-up knows of, and has acknowledged nothing: the mentions are
//     delivered again, replace themselves, and their hours are touched then;
//   - between the second insert and the acknowledgement causes one more delivery, which changes nothing but the time of
//     the touch.
//
// # Roll-ups
//
// A roll-up of an hour is one row, rebuilt as a whole from FINAL rows and never incremented. Its version is the server's
// clock, taken before the rows are read. A touch is stamped by the same clock after its rows are visible. Hence a
// roll-up whose version is later than the touch has seen the rows of the touch; any other is stale and is rebuilt. When
// two rebuild one hour at once, the one with the later version began later and wins, whichever finishes last. So it is
// harmless to have two Rollers, to kill one at any point, or to repeat a rebuild. A margin (clockSlack) covers a clock
// that is set back a little; hours within it are simply rebuilt once more.
//
// # Deletion
//
//	hours of the rows are written to tombstones -> rows are removed -> the hours are touched -> done
//
// Tombstones stay, and a writer that stores a mention looks for its tombstone before and after the insert. If the
// tombstone is written before the second look, that writer removes the row; if after it, the row is visible to the
// removal. An interrupted deletion is delivered again and finds the hours in the tombstones even when the rows are gone.
package store
