// Package world is a seeded, invented world: a fictional trust with three hospitals, the feeds that talk about it in
// English, German and Finnish, and the truth about every post. It serves the feeds over HTTP, so that a demonstration and an
// end-to-end test go the whole real way from a poll to the API, and it can say what the API ought to answer.
//
// It owns the invented texts, their rhythm and the planted happenings: an issue that emerges slowly, two that are over,
// one that is rising at the first start, a petition campaign, a syndicated story, abuse of staff, a leaked identifier
// (from ranges that are never issued) and a source that falls silent. It does not know the product: nothing in here
// matches, analyses or stores.
//
// The promise it keeps: the same seed and epoch give the same posts for ever, whenever and how often they are asked for,
// and no name, text or number in it belongs to anybody.
package world
