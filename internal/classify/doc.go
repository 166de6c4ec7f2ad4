// Package classify asks a text classifier that runs in a process of its own what it thinks of some posts, and lets its
// answer stand in place of the built-in judgement of sentiment.
//
// It owns the messages to such a plug-in and back (schemas/events/classify.*.v1.json), the choice of the posts that are
// worth asking about, and the limits: a share of all posts, a time, and a pause after failures. It does not run models:
// plugin/onnx does, and anything else that answers on the subject may. It does not analyse: package analyze has done that
// before, and what it said stays wherever the plug-in is not asked or does not answer.
//
// The promise it keeps: a plug-in that is slow, wrong or gone delays a batch of mentions by at most the configured time and
// never loses one; and a judgement that is a plug-in's says so, in its reasons and in the version of its pipeline.
package classify
